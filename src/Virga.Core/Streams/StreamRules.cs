using System.Text.RegularExpressions;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Core.Streams;

/// <summary>What the spec of a stream function may say. Pure: whether its function and topics exist is for others to know.</summary>
public static class StreamRules
{
    /// <summary>The greatest number of topics by name.</summary>
    public const int MaxInputs = 1000;

    /// <summary>The greatest number of calls at a time, per partition.</summary>
    public const int MaxParallelism = 256;

    /// <summary>The greatest number of messages in one call.</summary>
    public const int MaxBatch = 10_000;

    /// <summary>The greatest number of messages that one window holds by its count.</summary>
    public const int MaxCount = 1_000_000;

    private const int MaxRetries = 1000;

    /// <summary>Checks a spec.</summary>
    /// <exception cref="ProblemException"><c>invalid-spec</c> when it breaks a rule.</exception>
    public static void Check(StreamSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Inputs.Count == 0 == spec.Pattern is null)
        {
            throw Refuse("A stream reads either the topics of `inputs` or those that match `pattern`.", "Give one of the two.");
        }

        if (spec.Inputs.Count > MaxInputs)
        {
            throw Refuse($"inputs names {spec.Inputs.Count} topics; {MaxInputs} are allowed.", "Use a pattern.");
        }

        if (spec.Pattern is { } pattern)
        {
            CheckPattern(pattern);
        }

        CheckRange(spec.Parallelism, 1, MaxParallelism, "parallelism");
        CheckRange(spec.Batch, 1, MaxBatch, "batch");
        CheckRange(spec.Retries, 0, MaxRetries, "retries");
        if (!Enum.IsDefined(spec.Processing) || !Enum.IsDefined(spec.From))
        {
            throw Refuse("processing or from has a value that does not exist.");
        }

        if (spec.Window is { } window)
        {
            CheckWindow(window);
            if (spec.Batch > 1)
            {
                throw Refuse("A stream with a window has a batch too.", "Leave batch out: a window is handed over whole.");
            }

            if (spec.Processing == StreamProcessing.AtMostOnce)
            {
                throw Refuse("A stream with a window cannot process at most once: its messages would be lost with the window.", "Use at-least-once or effectively-once.");
            }
        }
    }

    private static void CheckWindow(StreamWindow window)
    {
        var kinds = (window.Size is null ? 0 : 1) + (window.Count is null ? 0 : 1) + (window.Gap is null ? 0 : 1);
        if (kinds != 1)
        {
            throw Refuse("A window has exactly one of size, count and gap.", "Write size for windows by time, count for windows by number, gap for sessions.");
        }

        CheckSpan(window.Size, "size");
        CheckSpan(window.Slide, "slide");
        CheckSpan(window.Gap, "gap");
        CheckSpan(window.Idle, "idle");
        if (window.Slide is { } slide && (window.Size is not { } size || slide.Span > size.Span || size.Span.Ticks % slide.Span.Ticks != 0))
        {
            throw Refuse("slide does not divide the size of the window.", "Give a slide of which the size is a multiple.");
        }

        if (window.Count is { } count)
        {
            CheckRange(count, 1, MaxCount, "count");
        }

        if (window.Every is { } every && (window.Count is not { } whole || every < 1 || every > whole))
        {
            throw Refuse("every must be from 1 to the count of the window.");
        }

        if (!Enum.IsDefined(window.Time))
        {
            throw Refuse("time has a value that does not exist.", "Use publish or event.");
        }
    }

    private static void CheckSpan(Duration? span, string what)
    {
        if (span is { } given && (given.Span < TimeSpan.FromMilliseconds(1) || given.Span > TimeSpan.FromDays(366)))
        {
            throw Refuse($"{what} is {given}; it must be from 1ms to 366d.");
        }
    }

    private static void CheckRange(int value, int least, int greatest, string what)
    {
        if (value < least || value > greatest)
        {
            throw Refuse($"{what} is {value}; it must be from {least} to {greatest}.");
        }
    }

    private static void CheckPattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"pattern cannot be used: {e.Message.TrimEnd('.')}.", "Write a regular expression such as orders-.*, without look-around and back-references."), e);
        }
    }

    private static ProblemException Refuse(string detail, string? fix = null) => new(KnownProblems.InvalidSpec(detail, fix));
}
