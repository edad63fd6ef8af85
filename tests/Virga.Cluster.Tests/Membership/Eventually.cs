using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Virga.Cluster.Tests.Membership;

/// <summary>Polls a condition for which there is no event.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static async Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (var watch = Stopwatch.StartNew(); !condition(); await Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken))
        {
            watch.Elapsed.ShouldBeLessThan(Patience, $"It never became true: {what}");
        }
    }
}
