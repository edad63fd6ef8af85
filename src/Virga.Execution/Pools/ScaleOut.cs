namespace Virga.Execution.Pools;

/// <summary>When a function gets one more instance: a pure rule, from what is seen to yes or no.</summary>
internal static class ScaleOut
{
    /// <summary>
    /// Starts one when the calls that wait outnumber the places that are coming, and waiting for a place in the
    /// instances that are there would take longer than starting another (so that a burst of short calls is drained, not answered with processes).
    /// </summary>
    /// <param name="waiting">Calls without a place.</param>
    /// <param name="instances">Instances that serve.</param>
    /// <param name="starting">Instances on their way.</param>
    /// <param name="maxInstances">Bound of both together.</param>
    /// <param name="concurrency">Places per instance.</param>
    /// <param name="callDuration">What a call lately took; zero when not known.</param>
    /// <param name="startDuration">What a start lately took; zero when not known.</param>
    public static bool ShouldStart(int waiting, int instances, int starting, int maxInstances, int concurrency, TimeSpan callDuration, TimeSpan startDuration)
    {
        if (waiting <= starting * concurrency || instances + starting >= maxInstances)
        {
            return false;
        }

        if (instances == 0)
        {
            return true;
        }

        var expectedWait = callDuration * waiting / (instances * concurrency);
        return callDuration == TimeSpan.Zero || expectedWait >= startDuration;
    }
}
