using System.Text;
using System.Text.Json;
using Virga.Core.Names;
using Virga.Core.Streams;

namespace Virga.Streams.Api;

/// <summary>What nodes ask each other about streams: a byte that says what, then <c>tenant/namespace/name</c>.</summary>
internal static class StreamMessages
{
    /// <summary>How it runs there.</summary>
    public const byte Stats = 1;

    /// <summary>Start it again.</summary>
    public const byte Restart = 2;

    public static ReadOnlyMemory<byte> Ask(byte kind, StreamName name) => (byte[])[kind, .. Encoding.UTF8.GetBytes(name.ToString())];

    public static bool TryRead(ReadOnlySpan<byte> request, out byte kind, out StreamName name)
    {
        (kind, name) = (0, default);
        if (request.IsEmpty || request[0] is not (Stats or Restart))
        {
            return false;
        }

        var parts = Encoding.UTF8.GetString(request[1..]).Split('/');
        if (parts.Length != 3 || !ResourceName.TryParse(parts[0], out var tenant) || !ResourceName.TryParse(parts[1], out var space) || !ResourceName.TryParse(parts[2], out var own))
        {
            return false;
        }

        (kind, name) = (request[0], new StreamName(new Scope(tenant, space), own));
        return true;
    }

    public static ReadOnlyMemory<byte> Write(StreamStats stats) => JsonSerializer.SerializeToUtf8Bytes(stats, StreamStatsJson.Default.StreamStats);

    public static StreamStats ReadStats(ReadOnlyMemory<byte> answer) =>
        JsonSerializer.Deserialize(answer.Span, StreamStatsJson.Default.StreamStats) ?? throw new InvalidDataException("A node answered nothing about a stream.");
}
