using System.Collections.Concurrent;
using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Hosting.Activity;

/// <summary>
/// Keeps what functions did in the last seconds, for those that were called in the last minute. Takes note of every invocation and hands it on.
/// </summary>
internal sealed class ActivityMeter(IInvocationObserver next, TimeProvider time) : IInvocationObserver
{
    private const int ForgottenAfterSeconds = 60;

    private readonly ConcurrentDictionary<FunctionName, LatencyWindow> _functions = new();
    private long _forgetsAt;

    /// <summary>How many functions it keeps something of.</summary>
    public int FunctionCount => _functions.Count;

    /// <inheritdoc/>
    public void Completed(in InvocationRecord record)
    {
        var name = record.Function.Name;
        var failed = record.Outcome is not (Outcome.Result or Outcome.Cancelled);
        var waited = record.Timing.Queue + record.Timing.Start + record.Duration;
        var second = Second();
        var window = _functions.GetOrAdd(name, static _ => new LatencyWindow());
        lock (window)
        {
            window.Add(second, waited, failed, record.Timing.Cold, record.CpuTime);
        }

        // Also where nobody reads: a node must not grow with the functions that it has ever run.
        var due = Volatile.Read(ref _forgetsAt);
        if (second >= due && Interlocked.CompareExchange(ref _forgetsAt, second + ForgottenAfterSeconds, due) == due)
        {
            Forget(second);
        }

        next.Completed(record);
    }

    /// <summary>What each function did that was called lately. Forgets the others.</summary>
    public IReadOnlyDictionary<FunctionName, WindowSummary> Read()
    {
        var now = Second();
        Forget(now);
        var summaries = new Dictionary<FunctionName, WindowSummary>();
        foreach (var (name, window) in _functions)
        {
            lock (window)
            {
                summaries[name] = window.Before(now);
            }
        }

        return summaries;
    }

    private void Forget(long now)
    {
        foreach (var (name, window) in _functions)
        {
            lock (window)
            {
                if (window.LastSecond < now - ForgottenAfterSeconds)
                {
                    _functions.TryRemove(new KeyValuePair<FunctionName, LatencyWindow>(name, window));
                }
            }
        }
    }

    // Monotonic: a clock that is set moves no window.
    private long Second() => time.GetTimestamp() / time.TimestampFrequency;
}
