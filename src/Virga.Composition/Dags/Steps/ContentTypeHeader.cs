using System.Text.Json;
using Virga.Core.Invocations;

namespace Virga.Composition.Dags.Steps;

/// <summary>The headers of a step's call: the media type of its input.</summary>
internal sealed class ContentTypeHeader : IHeaderSource
{
    private static readonly ContentTypeHeader Json = new(MediaTypes.Json);
    private static readonly JsonEncodedText Name = JsonEncodedText.Encode("content-type");

    private readonly JsonEncodedText _type;

    private ContentTypeHeader(string type) => _type = JsonEncodedText.Encode(type);

    /// <summary>For a media type; null for JSON.</summary>
    public static ContentTypeHeader Of(string? type) => type is null ? Json : new ContentTypeHeader(type);

    /// <inheritdoc/>
    public void WriteHeaders(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartArray();
        writer.WriteStringValue(Name);
        writer.WriteStringValue(_type);
        writer.WriteEndArray();
    }
}
