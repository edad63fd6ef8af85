using System.Text.Unicode;

namespace Virga.Topics.Messages;

/// <summary>
/// What a payload is, for readers that must know. The topic itself does not care. A message says it in the property <see cref="MessageJson.ContentTypeProperty"/>; of one that does not it is found by looking: JSON where
/// the payload is that as a whole, else text where it is UTF-8, else bytes.
/// </summary>
public static class MessageContent
{
    /// <summary>JSON.</summary>
    public const string Json = "application/json";

    /// <summary>Text.</summary>
    public const string Text = "text/plain; charset=utf-8";

    /// <summary>Bytes.</summary>
    public const string Bytes = "application/octet-stream";

    /// <summary>The media type of a message's payload.</summary>
    public static string TypeOf(IReadOnlyList<KeyValuePair<string, string>> properties, ReadOnlySpan<byte> payload)
    {
        for (var i = 0; i < properties.Count; i++)
        {
            if (string.Equals(properties[i].Key, MessageJson.ContentTypeProperty, StringComparison.OrdinalIgnoreCase) && properties[i].Value.Length > 0)
            {
                return properties[i].Value;
            }
        }

        return Guess(payload);
    }

    /// <summary>The media type of a payload of which nothing is said.</summary>
    public static string Guess(ReadOnlySpan<byte> payload) => !Utf8.IsValid(payload) ? Bytes : MessageJson.IsJson(payload) ? Json : Text;

    /// <summary>Whether a media type is JSON.</summary>
    public static bool IsJsonType(string type)
    {
        var media = type.AsSpan();
        var end = media.IndexOf(';');
        media = (end < 0 ? media : media[..end]).Trim();
        return media.Equals(Json, StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a media type is text.</summary>
    public static bool IsTextType(string type) => type.StartsWith("text/", StringComparison.OrdinalIgnoreCase);
}
