using System.Globalization;
using System.Text.Json;
using Virga.Core.Invocations;

namespace Virga.Triggers.Calls;

/// <summary>What a function is told of a call with several messages: all else stands with each of them.</summary>
internal sealed class BatchHeaders(int messages) : IHeaderSource
{
    /// <inheritdoc/>
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        writer.WriteStringValue("content-type"u8);
        writer.WriteStringValue("application/json"u8);
        writer.WriteEndArray();
        writer.WriteStartArray();
        writer.WriteStringValue("virga-message-count"u8);
        writer.WriteStringValue(messages.ToString(CultureInfo.InvariantCulture));
        writer.WriteEndArray();
    }
}
