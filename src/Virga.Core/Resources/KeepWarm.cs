using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>How long an instance without calls stays in each tier before it moves to the next, colder one.</summary>
[JsonConverter(typeof(KeepWarmConverter))]
public sealed record KeepWarm
{
    /// <summary>How long it stays ready, with its memory.</summary>
    public Duration Idle { get; init; } = Duration.FromSeconds(120);

    /// <summary>How long it stays frozen after that: no CPU, its memory pushed out. 0 leaves the tier out.</summary>
    public Duration Frozen { get; init; } = Duration.FromSeconds(3600);

    /// <summary>How long the snapshot of the initialised function is kept on disk after its last use; for the isolation <c>gvisor</c>. 0 leaves the tier out.</summary>
    public Duration Snapshot { get; init; } = Duration.FromSeconds(7 * 86_400);
}
