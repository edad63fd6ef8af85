using System.Collections.Concurrent;
using System.Reflection;
using Virga.Execution.Tests;
using Xunit.v3;

[assembly: BoundedTests]

namespace Virga.Execution.Tests;

/// <summary>Cancels a test that takes far longer than any may: what waits for something that never comes becomes a failure with a name.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class BoundedTestsAttribute : BeforeAfterTestAttribute
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(3);
    private static readonly ConcurrentDictionary<string, Timer> s_timers = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        ITestContext context = TestContext.Current;
        s_timers[test.UniqueID] = new Timer(
            _ =>
            {
                Console.Error.WriteLine($"{test.TestDisplayName} has taken {s_longest.TotalSeconds:0} s and is cancelled.");
                context.CancelCurrentTest();
            },
            state: null,
            s_longest,
            Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (s_timers.TryRemove(test.UniqueID, out Timer? timer))
        {
            timer.Dispose();
        }
    }
}
