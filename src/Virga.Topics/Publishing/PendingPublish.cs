using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Topics.Publishing;

/// <summary>One entry on its way into a topic: an object of the caller's. Exactly one of the ends comes, for the entries of one producer in their order; each returns at once and does not throw.</summary>
public abstract class PendingPublish
{
    /// <summary>The entry, in the form in which it is kept (see <c>docs/topics.md</c>); unchanged from now on.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The number of its first message among those of its producer.</summary>
    public long SequenceId { get; init; }

    /// <summary>The number of its last message.</summary>
    public long HighestSequenceId { get; init; }

    /// <summary>How many messages it holds.</summary>
    public int Messages { get; init; } = 1;

    /// <summary>It is as durable as the topic promises.</summary>
    public abstract void Published(Position position);

    /// <summary>It, or what it repeats, was published before: nothing was added.</summary>
    public abstract void Duplicate();

    /// <summary>It is not acknowledged. Where the problem's fault is the platform's, publishing the same again is right.</summary>
    public abstract void Failed(Problem problem);
}
