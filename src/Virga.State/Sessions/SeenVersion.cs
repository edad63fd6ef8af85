using Virga.State.Records;

namespace Virga.State.Sessions;

/// <summary>How new a version of a key must at least be for a causal session: what it has read or written, and what that depends on.</summary>
internal sealed class SeenVersion
{
    /// <summary>The updates that it includes.</summary>
    public VectorClock Clock { get; set; } = VectorClock.Empty;

    /// <summary>
    /// For a session that came from other nodes: who has the version, as far as it was not in the store when they said so; empty when it was. Null when this node has shown it, or a newer one.
    /// </summary>
    public List<Upstream>? Elsewhere { get; set; }

    /// <summary>The record that was read last, so that its dependencies are taken over once.</summary>
    public StateRecord? Last { get; set; }
}
