using System.Text.Json.Serialization;
using Virga.Topics.Messages;

namespace Virga.Topics.Publishing;

/// <summary>How far a topic's producers had come at a position.</summary>
internal sealed record DeduplicationSnapshot
{
    /// <summary>Everything up to here is accounted for.</summary>
    public required Position Reached { get; init; }

    /// <summary>Each producer's last number.</summary>
    public Dictionary<string, DeduplicationEntry> Producers { get; init; } = new(StringComparer.Ordinal);
}

/// <summary>How far one had come.</summary>
/// <param name="SequenceId">The number of its last message.</param>
/// <param name="SeenAt">When that was, in milliseconds since 1970.</param>
internal sealed record DeduplicationEntry(long SequenceId, long SeenAt);

/// <summary>How snapshots are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeduplicationSnapshot))]
internal sealed partial class DeduplicationJson : JsonSerializerContext;
