namespace Virga.Control.Streams;

/// <summary>What Virga says of a stream function. How it runs is told by the engine that runs it.</summary>
/// <param name="Subscription">The subscription by which it reads its topics.</param>
/// <param name="IsFunctionMissing">Whether its function does not exist any more: its messages wait.</param>
public sealed record StreamStatus(string Subscription, bool IsFunctionMissing);
