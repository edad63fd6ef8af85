namespace Virga.Execution.Pools;

/// <summary>When a function gets one more instance: a pure rule, from what is seen to yes or no.</summary>
internal static class ScaleOut
{
    /// <summary>
    /// Starts one when the calls that wait outnumber the places that are coming, and waiting for a place in the
    /// instances that serve takes longer than starting another (so that a burst of short calls is drained, not answered with processes).
    /// </summary>
    public static bool ShouldStart(in PoolLoad load, int maxInstances, int concurrency)
    {
        if (load.Waiting <= load.Starting * concurrency || load.Existing + load.Starting >= maxInstances)
        {
            return false;
        }

        if (load.Serving == 0 || load.CallDuration == TimeSpan.Zero)
        {
            return true;
        }

        var expectedWait = load.CallDuration * load.Waiting / (load.Serving * concurrency);
        return load.OldestWait + expectedWait >= load.StartDuration;
    }
}
