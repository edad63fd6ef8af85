using Virga.State.Records;

namespace Virga.State.Tests.Simulation;

/// <summary>What somebody has come to know of causal keys: of each, the updates that a later read must include.</summary>
internal sealed class Knowledge
{
    private readonly Dictionary<string, VectorClock> _clocks;

    public Knowledge() => _clocks = new(StringComparer.Ordinal);

    private Knowledge(Knowledge other) => _clocks = new(other._clocks, StringComparer.Ordinal);

    public VectorClock Of(string key) => _clocks.GetValueOrDefault(key, VectorClock.Empty);

    public Knowledge Copy() => new(this);

    public void Add(string key, VectorClock clock) => _clocks[key] = Of(key).Merge(clock);

    public void Add(Knowledge other)
    {
        foreach (var (key, clock) in other._clocks)
        {
            Add(key, clock);
        }
    }

    public override string ToString() => string.Join(", ", _clocks.Select(static pair => $"{pair.Key} at {pair.Value}"));
}
