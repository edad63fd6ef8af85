namespace Virga.Core.Resources;

/// <summary>What a trigger waits for: exactly one of its members is given.</summary>
public sealed record TriggerSource
{
    /// <summary>Messages of topics.</summary>
    public TopicSource? Topic { get; init; }
}
