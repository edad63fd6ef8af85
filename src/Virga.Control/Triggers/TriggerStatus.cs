namespace Virga.Control.Triggers;

/// <summary>What Virga says of a trigger.</summary>
/// <param name="Subscription">The subscription that it consumes; null where it waits for something else than messages.</param>
/// <param name="MissingFunction">Whether its function does not exist any more: it waits until there is one.</param>
public sealed record TriggerStatus(string? Subscription, bool MissingFunction);
