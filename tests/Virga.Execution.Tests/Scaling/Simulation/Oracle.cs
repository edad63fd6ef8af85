namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>
/// An autoscaler that knows the future. At every second it has the least whole number of instances with which the mean concurrency over
/// the stable window is at the target, and the window is centred on that second: it does not lag behind the load as one that only sees the past must.
/// Its instances come at once, go at once and cost nothing to start, and no start is avoided by keeping one. Real autoscalers pay for lag, start
/// times, panics and the grace time on top. It is not asked for a free instance for every call.
/// </summary>
internal static class Oracle
{
    private const int StableWindow = 60;

    /// <summary>Its instances, second by second.</summary>
    public static double[] Instances(double[] concurrency, SimulatedMachine machine)
    {
        var sums = new double[concurrency.Length + 1];
        for (var second = 0; second < concurrency.Length; second++)
        {
            sums[second + 1] = sums[second] + concurrency[second];
        }

        var instances = new double[concurrency.Length];
        for (var second = 0; second < concurrency.Length; second++)
        {
            var from = Math.Max(0, second - (StableWindow / 2));
            var to = Math.Min(concurrency.Length, second + (StableWindow / 2));
            var mean = (sums[to] - sums[from]) / (to - from);
            instances[second] = Math.Ceiling((mean / (machine.CallsPerInstance * machine.TargetUtilisation)) - 1e-9);
        }

        return instances;
    }
}
