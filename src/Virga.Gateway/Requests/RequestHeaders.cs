using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.Core.Invocations;

namespace Virga.Gateway.Requests;

/// <summary>The headers of the request that an exchange serves now.</summary>
internal sealed class RequestHeaders : IHeaderSource
{
    private IHeaderDictionary? _headers;

    public void Use(IHeaderDictionary? headers) => _headers = headers;

    /// <inheritdoc/>
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var headers = _headers ?? throw new InvalidOperationException("The request has ended; its headers are gone.");
        var connection = headers.Connection;
        foreach (var (name, values) in headers)
        {
            if (HopByHop.Contains(name, connection))
            {
                continue;
            }

            var encoded = HeaderNames.Encode(name);
            for (var i = 0; i < values.Count; i++)
            {
                writer.WriteStartArray();
                writer.WriteStringValue(encoded);
                writer.WriteStringValue(values[i]);
                writer.WriteEndArray();
            }
        }
    }
}
