namespace Virga.Execution.Scaling;

/// <summary>When a refused call is worth trying again.</summary>
internal static class RetryAfter
{
    private const int LongestSeconds = 60;

    /// <summary>Seconds until the queue has likely drained, from 1 to 60.</summary>
    /// <param name="waiting">Calls in line.</param>
    /// <param name="places">Calls that are served at a time.</param>
    /// <param name="callDuration">What a call lately took; zero when not known.</param>
    /// <param name="startDuration">What the start of an instance lately took; it counts while none serves.</param>
    public static int Seconds(int waiting, int places, TimeSpan callDuration, TimeSpan startDuration)
    {
        var drained = callDuration.TotalSeconds * waiting / Math.Max(1, places);
        if (places == 0)
        {
            drained += startDuration.TotalSeconds;
        }

        return (int)Math.Clamp(Math.Ceiling(drained), 1, LongestSeconds);
    }
}
