namespace Virga.Streams.Calls;

/// <summary>How long to wait before the next try: twice as long each time. Pure.</summary>
internal static class RetryPause
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    /// <summary>The wait after so many failures in a row, from 1 on.</summary>
    public static TimeSpan After(int failures)
    {
        var pause = s_first * Math.Pow(2, Math.Min(failures - 1, 16));
        return pause < s_longest ? pause : s_longest;
    }
}
