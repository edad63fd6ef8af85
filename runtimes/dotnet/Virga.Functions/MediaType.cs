namespace Virga.Functions;

/// <summary>Decides by a content type how a body is given to the function.</summary>
internal static class MediaType
{
    public static BodyShape Classify(string? contentType)
    {
        if (string.IsNullOrWhiteSpace(contentType))
        {
            return BodyShape.Text;
        }

        ReadOnlySpan<char> type = contentType;
        int parameters = type.IndexOf(';');
        type = (parameters < 0 ? type : type[..parameters]).Trim();
        if (Is(type, "application/json") || EndsWith(type, "+json"))
        {
            return BodyShape.Json;
        }

        return type.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
            || Is(type, "application/x-www-form-urlencoded")
            || Is(type, "application/xml")
            || EndsWith(type, "+xml")
                ? BodyShape.Text
                : BodyShape.Bytes;
    }

    private static bool Is(ReadOnlySpan<char> type, string other) => type.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static bool EndsWith(ReadOnlySpan<char> type, string suffix) =>
        type.EndsWith(suffix, StringComparison.OrdinalIgnoreCase);
}
