namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>The calls of one function, in order of time.</summary>
/// <param name="Name">Its shape.</param>
/// <param name="Length">How long it goes on.</param>
/// <param name="Calls">Its calls.</param>
internal sealed record Trace(string Name, TimeSpan Length, SimulatedCall[] Calls)
{
    /// <summary>Calls that would be served at a time if none had to wait: the mean of every second.</summary>
    public double[] Concurrency()
    {
        var mean = new double[(int)Length.TotalSeconds];
        foreach (var call in Calls)
        {
            var end = Math.Min(call.At + call.Duration, mean.Length * 1_000_000L);
            for (var now = call.At; now < end;)
            {
                var second = now / 1_000_000;
                var until = Math.Min(end, (second + 1) * 1_000_000);
                mean[second] += (until - now) / 1e6;
                now = until;
            }
        }

        return mean;
    }
}
