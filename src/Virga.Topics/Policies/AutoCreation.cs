namespace Virga.Topics.Policies;

/// <summary>Whether a topic that does not exist is made when somebody publishes or subscribes to it.</summary>
/// <param name="IsAllowed">Whether.</param>
/// <param name="Partitions">With how many partitions; 0 for none.</param>
public sealed record AutoCreation(bool IsAllowed, int Partitions = 0);
