namespace Virga.Topics.Clients;

/// <summary>How long a rejected message waits: longer each time that it is rejected.</summary>
public sealed record RedeliveryDelay
{
    /// <summary>After the first time.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>At most.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>By what it grows each time; 1 for always the same.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>The delay of a message.</summary>
    /// <param name="redeliveries">How often it was delivered before, not counting this time.</param>
    public TimeSpan After(int redeliveries)
    {
        var milliseconds = First.TotalMilliseconds * Math.Pow(Math.Max(1, Factor), Math.Max(0, redeliveries));
        return milliseconds < Longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : Longest;
    }
}
