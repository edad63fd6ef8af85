using System.Runtime.InteropServices;

namespace Virga.State.Lattices;

/// <summary>An entry of a log.</summary>
/// <param name="Position">Where it stands; no two entries have one.</param>
/// <param name="Payload">What it says.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LogEntry(LogPosition Position, Payload Payload) : IComparable<LogEntry>
{
    /// <inheritdoc/>
    public int CompareTo(LogEntry other) => Position.CompareTo(other.Position);

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <(LogEntry left, LogEntry right) => left.CompareTo(right) < 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator <=(LogEntry left, LogEntry right) => left.CompareTo(right) <= 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >(LogEntry left, LogEntry right) => left.CompareTo(right) > 0;

    /// <summary>As <see cref="CompareTo"/>.</summary>
    public static bool operator >=(LogEntry left, LogEntry right) => left.CompareTo(right) >= 0;
}
