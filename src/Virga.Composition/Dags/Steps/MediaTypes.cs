namespace Virga.Composition.Dags.Steps;

/// <summary>What a DAG has to know of media types.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";

    /// <summary>The media type among an answer's headers; null for JSON, which is what an answer without headers is.</summary>
    public static string? Of(IReadOnlyList<KeyValuePair<string, string>>? headers)
    {
        for (var i = 0; i < headers?.Count; i++)
        {
            if (headers[i].Key.Equals("content-type", StringComparison.OrdinalIgnoreCase))
            {
                return headers[i].Value == Json ? null : headers[i].Value;
            }
        }

        return headers is null ? null : "application/octet-stream";
    }

    public static bool IsJson(string? type)
    {
        if (type is null)
        {
            return true;
        }

        var bare = Bare(type);
        return bare.Equals(Json, StringComparison.OrdinalIgnoreCase) || bare.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    public static bool IsText(string type) => Bare(type).StartsWith("text/", StringComparison.OrdinalIgnoreCase);

    private static ReadOnlySpan<char> Bare(string type)
    {
        var parameters = type.IndexOf(';', StringComparison.Ordinal);
        return (parameters < 0 ? type.AsSpan() : type.AsSpan(0, parameters)).Trim();
    }
}
