using Virga.Core.Names;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Sessions;

/// <summary>The version of a key that a session with repeatable reads has read or written, and gets from then on.</summary>
internal sealed record PinnedVersion
{
    /// <summary>The node that keeps it for the session.</summary>
    public required NodeName Node { get; init; }

    /// <summary>Which run of that node: another run keeps nothing.</summary>
    public required long Incarnation { get; init; }

    /// <summary>When it was pinned: decides between two branches of a DAG that have pinned different versions.</summary>
    public required HybridTimestamp At { get; init; }

    /// <summary>Whether the session wrote it itself.</summary>
    public bool IsWritten { get; init; }

    /// <summary>Its version.</summary>
    public required StateVersion Version { get; init; }

    /// <summary>Whether <see cref="Record"/> is known here; that a key did not exist is known everywhere.</summary>
    public bool IsHere { get; init; }

    /// <summary>What the key held; null when it did not exist.</summary>
    public StateRecord? Record { get; init; }

    /// <summary>
    /// The one rule for two versions of a key where branches meet: what the session wrote comes before what it only read, then what was pinned later, then the greater version.
    /// </summary>
    public static PinnedVersion Prevailing(PinnedVersion a, PinnedVersion b)
    {
        var order = a.IsWritten.CompareTo(b.IsWritten);
        order = order != 0 ? order : a.At.CompareTo(b.At);
        order = order != 0 ? order : a.Version.Upper.CompareTo(b.Version.Upper);
        order = order != 0 ? order : a.Version.Lower.CompareTo(b.Version.Lower);
        order = order != 0 ? order : a.IsHere.CompareTo(b.IsHere);
        return order >= 0 ? a : b;
    }
}
