using System.Diagnostics.CodeAnalysis;

namespace Virga.Topics.Ledgers.Cold;

/// <summary>
/// A bucket as a URL: <c>https://NAME:KEY@HOST:PORT/BUCKET/PREFIX?region=REGION</c>. Without a name and a key they come from where Amazon's tools look for them.
/// </summary>
public static class S3Url
{
    /// <summary>Reads one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out S3ColdOptions? options)
    {
        options = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0 || url.Fragment.Length > 0)
        {
            return false;
        }

        var user = url.UserInfo.Split(':');
        var path = Uri.UnescapeDataString(url.AbsolutePath).Trim('/').Split('/', 2);
        var query = url.Query.TrimStart('?').Split('=', 2);
        if (path[0].Length == 0 || user.Length > 2 || (user[0].Length > 0 && user.Length < 2) || (query[0].Length > 0 && (query.Length < 2 || query[0] != "region" || query[1].Length == 0)))
        {
            return false;
        }

        options = new S3ColdOptions { Endpoint = new UriBuilder(url.Scheme, url.Host, url.Port).Uri, Bucket = path[0] };
        options = path.Length > 1 ? options with { Prefix = path[1] + "/" } : options;
        options = user.Length == 2 ? options with { AccessKey = Uri.UnescapeDataString(user[0]), SecretKey = Uri.UnescapeDataString(user[1]) } : options;
        options = query.Length == 2 ? options with { Region = Uri.UnescapeDataString(query[1]) } : options;
        return true;
    }
}
