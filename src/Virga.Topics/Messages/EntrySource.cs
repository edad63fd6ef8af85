using System.Runtime.InteropServices;

namespace Virga.Topics.Messages;

/// <summary>Where an entry was in the cluster that it was replicated from: it goes there once, whatever number its producer gave it, so that what comes a second time is known by it.</summary>
/// <param name="Incarnation">Tells the topic from others of its name, before and after it: greater than 0, and greater with each.</param>
/// <param name="Position">Where in that.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct EntrySource(long Incarnation, Position Position)
{
    /// <summary>Whether it is known.</summary>
    public bool IsKnown => Incarnation > 0;

    /// <summary>The position as one number that grows along the topic. A ledger has far fewer than 2^32 entries, and there are far fewer than 2^31 ledgers.</summary>
    public long Number => (Position.Ledger << 32) | (uint)Position.Entry;
}
