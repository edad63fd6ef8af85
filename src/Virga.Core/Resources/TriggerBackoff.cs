namespace Virga.Core.Resources;

/// <summary>A wait that grows from failure to failure.</summary>
public sealed record TriggerBackoff
{
    /// <summary>After the first failure.</summary>
    public Duration Initial { get; init; } = Duration.FromSeconds(1);

    /// <summary>At most.</summary>
    public Duration Max { get; init; } = Duration.FromSeconds(60);

    /// <summary>By what it grows each time.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>The wait after so many failures, from 1 on.</summary>
    public TimeSpan After(int failures)
    {
        var milliseconds = Initial.Span.TotalMilliseconds * Math.Pow(Factor, Math.Max(0, failures - 1));
        return milliseconds < Max.Span.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : Max.Span;
    }
}
