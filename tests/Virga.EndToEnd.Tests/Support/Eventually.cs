using System.Diagnostics;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>Waits for what becomes true on its own.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Reads until the value is as wanted, and gives it.</summary>
    /// <exception cref="TimeoutException">It never was; the message has the last value.</exception>
    public static async Task<T> ReadAsync<T>(Func<Task<T>> read, Func<T, bool> wanted)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var value = await read();
            if (wanted(value))
            {
                return value;
            }

            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                throw new TimeoutException($"What was waited for did not come within {Patience.TotalSeconds:0} s; last seen: {value}");
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until a condition holds.</summary>
    public static Task HoldsAsync(Func<bool> condition) => ReadAsync(() => Task.FromResult(condition()), static held => held);
}
