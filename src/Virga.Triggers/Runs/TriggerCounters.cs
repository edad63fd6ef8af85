using Virga.Core.Problems;

namespace Virga.Triggers.Runs;

/// <summary>What a trigger has done on this node.</summary>
internal sealed class TriggerCounters
{
    private long _calls;
    private long _handled;
    private long _failures;
    private long _rejections;
    private long _deadLetters;
    private string? _lastFailure;

    /// <summary>Calls that have ended.</summary>
    public long Calls => Volatile.Read(ref _calls);

    /// <summary>Messages that are dealt with, given up ones left out.</summary>
    public long Handled => Volatile.Read(ref _handled) - Volatile.Read(ref _deadLetters);

    /// <summary>Attempts at messages that have failed.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Calls that the pools have refused.</summary>
    public long Rejections => Volatile.Read(ref _rejections);

    /// <summary>Messages that were given up.</summary>
    public long DeadLetters => Volatile.Read(ref _deadLetters);

    /// <summary>Why an attempt has failed, the last time.</summary>
    public string? LastFailure => Volatile.Read(ref _lastFailure);

    /// <summary>A call has ended, and so many messages are dealt with.</summary>
    public void Ended(int dealtWith)
    {
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _handled, dealtWith);
    }

    /// <summary>An attempt at so many messages has failed.</summary>
    public void Failed(int messages, Problem problem)
    {
        Interlocked.Add(ref _failures, messages);
        Volatile.Write(ref _lastFailure, $"{problem.Detail ?? problem.Title} ({problem.Slug})");
    }

    /// <summary>The function could not be called.</summary>
    public void Refused() => Interlocked.Increment(ref _rejections);

    /// <summary>A message was given up.</summary>
    public void Buried() => Interlocked.Increment(ref _deadLetters);
}
