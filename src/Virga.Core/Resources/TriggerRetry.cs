namespace Virga.Core.Resources;

/// <summary>How often and when a message comes again for which the function has failed.</summary>
public sealed record TriggerRetry
{
    /// <summary>Calls for one message, the first included; then it is a dead letter.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long it waits before it comes again.</summary>
    public TriggerBackoff Backoff { get; init; } = new();
}
