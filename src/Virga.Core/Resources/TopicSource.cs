namespace Virga.Core.Resources;

/// <summary>Which messages a trigger takes: those of a subscription of its own.</summary>
public sealed record TopicSource
{
    /// <summary>Topics by name; empty where <see cref="Pattern"/> says which.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>A regular expression for names of topics in the trigger's namespace, or for full names; null where <see cref="Topics"/> says which.</summary>
    public string? Pattern { get; init; }

    /// <summary>The subscription; null for the trigger's name.</summary>
    public string? Subscription { get; init; }

    /// <summary>How the subscription is shared, and so which order messages have.</summary>
    public TopicSharing Type { get; init; } = TopicSharing.Shared;

    /// <summary>Where a subscription that is new begins.</summary>
    public TopicStart From { get; init; } = TopicStart.Latest;
}
