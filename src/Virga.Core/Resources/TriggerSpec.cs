namespace Virga.Core.Resources;

/// <summary>What calls a function by itself, and how.</summary>
public sealed record TriggerSpec
{
    /// <summary>What it waits for.</summary>
    public required TriggerSource Source { get; init; }

    /// <summary><c>name</c>, <c>name:alias</c> or <c>name:version</c> of a function in the trigger's namespace.</summary>
    public required string Function { get; init; }

    /// <summary>How many messages a call gets.</summary>
    public TriggerBatch Batch { get; init; } = new();

    /// <summary>The greatest number of calls at a time on a node; null for as many as the function's instances can have.</summary>
    public int? Concurrency { get; init; }

    /// <summary>What happens when the function fails.</summary>
    public TriggerRetry Retry { get; init; } = new();

    /// <summary>Where a message goes for which the function has failed too often: a topic, <see cref="DropDeadLetters"/>, or null for <c>TOPIC-SUBSCRIPTION-DLQ</c>.</summary>
    public string? DeadLetter { get; init; }

    /// <summary>How long one call may take before it counts as failed; null for the function's own timeout.</summary>
    public Duration? AckTimeout { get; init; }

    /// <summary>A topic to which the function's answer is published, with the message's key; null for none.</summary>
    public string? Output { get; init; }

    /// <summary>The value of <see cref="DeadLetter"/> by which messages are dropped, and nothing but a line in the node's log is left of them.</summary>
    public const string DropDeadLetters = "none";
}
