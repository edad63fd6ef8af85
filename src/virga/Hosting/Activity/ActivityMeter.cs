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

    /// <inheritdoc/>
    public void Completed(in InvocationRecord record)
    {
        var name = record.Function.Name;
        var failed = record.Outcome is not (Outcome.Result or Outcome.Cancelled);
        var waited = record.Timing.Queue + record.Timing.Start + record.Duration;
        var window = _functions.GetOrAdd(name, static _ => new LatencyWindow());
        lock (window)
        {
            window.Add(Second(), waited, failed, record.Timing.Cold, record.CpuTime);
        }

        next.Completed(record);
    }

    /// <summary>What each function did that was called lately. Forgets the others.</summary>
    public IReadOnlyDictionary<FunctionName, WindowSummary> Read()
    {
        var now = Second();
        var summaries = new Dictionary<FunctionName, WindowSummary>();
        foreach (var (name, window) in _functions)
        {
            lock (window)
            {
                if (window.LastSecond < now - ForgottenAfterSeconds)
                {
                    _functions.TryRemove(new KeyValuePair<FunctionName, LatencyWindow>(name, window));
                }
                else
                {
                    summaries[name] = window.Before(now);
                }
            }
        }

        return summaries;
    }

    // Monotonic: a clock that is set moves no window.
    private long Second() => time.GetTimestamp() / time.TimestampFrequency;
}
