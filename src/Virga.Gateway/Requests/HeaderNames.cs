using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text.Json;

namespace Virga.Gateway.Requests;

/// <summary>Header names in lower case and already encoded as JSON, so that passing a header on makes no string.</summary>
internal static class HeaderNames
{
    // Names outside the well-known ones are remembered up to here; a client that makes up more of them pays for them itself.
    private const int MaxLearned = 1024;

    private static readonly FrozenDictionary<string, JsonEncodedText> Known = new[]
    {
        "accept", "accept-charset", "accept-encoding", "accept-language", "access-control-request-headers", "access-control-request-method",
        "authorization", "cache-control", "content-disposition", "content-encoding", "content-language", "content-length", "content-location", "content-range",
        "content-type", "cookie", "date", "dnt", "expect", "forwarded", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
        "if-unmodified-since", "last-event-id", "max-forwards", "origin", "pragma", "priority", "range", "referer", "sec-ch-ua", "sec-ch-ua-mobile",
        "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "sec-websocket-extensions", "sec-websocket-key",
        "sec-websocket-protocol", "sec-websocket-version", "traceparent", "tracestate", "upgrade-insecure-requests", "user-agent", "via", "warning",
        "x-api-key", "x-correlation-id", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip", "x-request-id", "x-requested-with",
    }.ToFrozenDictionary(name => name, name => JsonEncodedText.Encode(name), StringComparer.OrdinalIgnoreCase);

    private static readonly ConcurrentDictionary<string, JsonEncodedText> Learned = new(StringComparer.OrdinalIgnoreCase);
    private static int _learned;

    public static JsonEncodedText Encode(string name) =>
        Known.TryGetValue(name, out var encoded) || Learned.TryGetValue(name, out encoded) ? encoded : Learn(name);

    private static JsonEncodedText Learn(string name)
    {
        var encoded = JsonEncodedText.Encode(name.ToLowerInvariant());
        if (Volatile.Read(ref _learned) < MaxLearned && Learned.TryAdd(name, encoded))
        {
            Interlocked.Increment(ref _learned);
        }

        return encoded;
    }
}
