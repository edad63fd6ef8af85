using Virga.State.Records;
using Virga.State.Sessions;

namespace Virga.State.Tests.Simulation;

/// <summary>One branch of a session: where it is, and what it must find.</summary>
internal sealed class BranchState
{
    /// <summary>The session on the branch's node; null without one.</summary>
    public StateSession? Session { get; set; }

    public required SimulatedNode Node { get; set; }

    /// <summary>Causal: what the branch knows.</summary>
    public Knowledge Knowledge { get; set; } = new();

    /// <summary>Repeatable reads: for each key the versions that it may find, which is one but where branches have just met; and whether the session wrote them.</summary>
    public Dictionary<string, (StateVersion[] Versions, bool IsWritten)> Expected { get; set; } = new(StringComparer.Ordinal);

    public BranchState CopyTo(SimulatedNode node) => new() { Node = node, Knowledge = Knowledge.Copy(), Expected = new(Expected, StringComparer.Ordinal) };

    /// <summary>What is expected where another branch joins: of each key what the session wrote, else what either read.</summary>
    public void Join(BranchState other)
    {
        Knowledge.Add(other.Knowledge);
        foreach (var (key, theirs) in other.Expected)
        {
            Expected[key] = !Expected.TryGetValue(key, out var mine) || (theirs.IsWritten && !mine.IsWritten) ? theirs
                : mine.IsWritten && !theirs.IsWritten ? mine
                : ([.. mine.Versions, .. theirs.Versions], mine.IsWritten);
        }
    }
}
