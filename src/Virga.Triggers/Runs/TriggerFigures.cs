namespace Virga.Triggers.Runs;

/// <summary>How a trigger fares on one node, since it was started there.</summary>
public sealed record TriggerFigures
{
    /// <summary>Its name within its namespace.</summary>
    public required string Name { get; init; }

    /// <summary>The node that tells this.</summary>
    public required string Node { get; init; }

    /// <summary>What it is doing.</summary>
    public required TriggerState State { get; init; }

    /// <summary>Why it is not running; null where it is.</summary>
    public string? Problem { get; init; }

    /// <summary>Topics, or partitions, that it consumes here: those that the node owns.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>Entries of these topics that are not acknowledged.</summary>
    public long Backlog { get; init; }

    /// <summary>Messages that are received and not yet dealt with.</summary>
    public int Held { get; init; }

    /// <summary>Of these, messages (of those with an order: keys or topics) that wait to be tried again.</summary>
    public int Retrying { get; init; }

    /// <summary>Calls that run.</summary>
    public int InFlight { get; init; }

    /// <summary>Calls that may run at a time now.</summary>
    public int Concurrency { get; init; }

    /// <summary>Calls that have ended.</summary>
    public long Calls { get; init; }

    /// <summary>Messages at which the function did not fail.</summary>
    public long Handled { get; init; }

    /// <summary>Attempts at messages that have failed.</summary>
    public long Failures { get; init; }

    /// <summary>Calls that were held back because the function could not be called.</summary>
    public long Rejections { get; init; }

    /// <summary>Messages that were given up.</summary>
    public long DeadLetters { get; init; }

    /// <summary>Why an attempt has failed, the last time.</summary>
    public string? LastFailure { get; init; }
}
