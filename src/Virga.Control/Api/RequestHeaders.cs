using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.Core.Invocations;

namespace Virga.Control.Api;

/// <summary>The headers of an invoke request, for the worker.</summary>
internal sealed class RequestHeaders(IHeaderDictionary headers) : IHeaderSource
{
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        foreach (var (name, values) in headers)
        {
            var lower = name.ToLowerInvariant();
            foreach (var value in values)
            {
                writer.WriteStartArray();
                writer.WriteStringValue(lower);
                writer.WriteStringValue(value);
                writer.WriteEndArray();
            }
        }
    }
}
