using Virga.Core.Problems;
using Virga.State.Lattices;

namespace Virga.State.Mutations;

/// <summary>
/// How large values may become. Mutations are held to these; merging never is, so that replicas agree whatever they hold. What several nodes write at the same time may
/// therefore pass a limit together; then it only shrinks.
/// </summary>
public static class StateLimits
{
    /// <summary>The greatest size of all that a key holds, in its binary form.</summary>
    public const int MaxValueBytes = Payload.MaxBytes + (1 << 10);

    /// <summary>The greatest size of an element of a set, a member of an ordered set, an entry of a log; without its tag.</summary>
    public const int MaxElementBytes = 64 << 10;

    /// <summary>The greatest length of a map's field, in bytes of UTF-8.</summary>
    public const int MaxFieldBytes = 1024;

    /// <summary>How deep maps stand in maps, the outermost included.</summary>
    public const int MaxMapDepth = 16;

    /// <summary>The most entries that a log keeps.</summary>
    public const int MaxLogEntries = 100_000;

    /// <summary>Refuses a change that would make a value too large.</summary>
    /// <param name="before">What the value has now; null for none.</param>
    /// <param name="added">What comes to it, in bytes.</param>
    /// <exception cref="ProblemException"><c>value-too-large</c>.</exception>
    internal static void Check(Lattice? before, long added)
    {
        if (added + (before?.EncodedBytes ?? 0) is var size and > MaxValueBytes)
        {
            throw new ProblemException(KnownProblems.ValueTooLarge($"The key would hold {size:N0} bytes; {MaxValueBytes:N0} are allowed."));
        }
    }
}
