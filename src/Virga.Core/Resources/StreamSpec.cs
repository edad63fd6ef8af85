namespace Virga.Core.Resources;

/// <summary>A stream function: topics go in, a function is called, what it answers goes out to a topic.</summary>
public sealed record StreamSpec
{
    /// <summary>The topics that it reads; empty where <see cref="Pattern"/> says it.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>A regular expression that the names of its topics match, now and later; null where <see cref="Inputs"/> says it.</summary>
    public string? Pattern { get; init; }

    /// <summary><c>name</c>, <c>name:alias</c> or <c>name:version</c> of a function in the stream's namespace.</summary>
    public required string Function { get; init; }

    /// <summary>Where answers go; null for nowhere.</summary>
    public string? Output { get; init; }

    /// <summary>Where messages go that the function fails on for good; null for <c>NAME-dead</c>, the stream's name before it.</summary>
    public string? DeadLetter { get; init; }

    /// <summary>Where it begins when it is new.</summary>
    public TopicStart From { get; init; } = TopicStart.Latest;

    /// <summary>What is promised of each message.</summary>
    public StreamProcessing Processing { get; init; } = StreamProcessing.AtLeastOnce;

    /// <summary>How many calls of the function each input partition has at a time. Their answers are published in the order of the messages.</summary>
    public int Parallelism { get; init; } = 4;

    /// <summary>At most so many messages go to one call; 1 for a call each. With more, the function gets an array and answers one of the same length.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Collects messages before they go to the function; null to hand each over as it comes.</summary>
    public StreamWindow? Window { get; init; }

    /// <summary>How often a message, or a window, that the function fails on is tried again.</summary>
    public int Retries { get; init; } = 3;
}
