using System.Text.Json;
using Virga.Core.Invocations;
using Virga.State.Lattices;

namespace Virga.Composition.Calls;

/// <summary>Says of the body of a call what the argument was.</summary>
internal sealed class ArgumentHeaders : IHeaderSource
{
    private static readonly ArgumentHeaders Json = new("application/json");
    private static readonly ArgumentHeaders Text = new("text/plain; charset=utf-8");
    private static readonly ArgumentHeaders Bytes = new("application/octet-stream");
    private readonly JsonEncodedText _type;

    private ArgumentHeaders(string type) => _type = JsonEncodedText.Encode(type);

    /// <summary>The headers of a kind of argument.</summary>
    public static ArgumentHeaders Of(PayloadTag tag) => tag switch
    {
        PayloadTag.Json => Json,
        PayloadTag.Text => Text,
        _ => Bytes,
    };

    /// <inheritdoc/>
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        writer.WriteStringValue("content-type"u8);
        writer.WriteStringValue(_type);
        writer.WriteEndArray();
    }
}
