using System.Text.Json;
using Virga.Core.Invocations;

namespace Virga.Streams.Calls;

/// <summary>Says of the body of a call that it is JSON: all else stands in it.</summary>
internal sealed class ListHeaders : IHeaderSource
{
    /// <summary>The only one.</summary>
    public static readonly ListHeaders Instance = new();

    /// <inheritdoc/>
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        writer.WriteStringValue("content-type"u8);
        writer.WriteStringValue("application/json"u8);
        writer.WriteEndArray();
    }
}
