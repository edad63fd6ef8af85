using System.Runtime.InteropServices;
using Virga.State.Time;

namespace Virga.State.Lattices;

/// <summary>How many entries a log keeps; what was said last holds.</summary>
/// <param name="At">When it was said.</param>
/// <param name="Entries">How many; 0 when it was never said.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LogKeep(HybridTimestamp At, int Entries)
{
    /// <summary>How many where nobody has said.</summary>
    public const int Default = 1000;

    /// <summary>How many.</summary>
    public int Effective => Entries == 0 ? Default : Entries;

    /// <summary>What was said later; of one time, the greater.</summary>
    public static LogKeep Max(LogKeep a, LogKeep b)
    {
        var order = a.At.CompareTo(b.At);
        return order > 0 || (order == 0 && a.Entries >= b.Entries) ? a : b;
    }
}
