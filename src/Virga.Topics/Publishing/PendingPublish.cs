using Virga.Core.Problems;
using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Publishing;

/// <summary>
/// One entry on its way into a topic: an object of the caller's, which travels to the disk and back. Exactly one of the ends comes, for the entries of one producer in their order; each returns at once and
/// does not throw. <see cref="Ledgers.LedgerAppend.Data"/> is the entry in the form in which it is kept (see <c>docs/topics.md</c>).
/// </summary>
public abstract class PendingPublish : LogAppend
{
    /// <summary>The number of its first message among those of its producer.</summary>
    public long SequenceId { get; init; }

    /// <summary>The number of its last message.</summary>
    public long HighestSequenceId { get; init; }

    /// <summary>How many messages it holds.</summary>
    public int Messages { get; init; } = 1;

    /// <summary>Who publishes it.</summary>
    internal Producer? Producer { get; set; }

    /// <summary>Whether the numbers say nothing yet: it is a chunk, but not the last one of its message.</summary>
    internal bool IsPart { get; set; }

    /// <summary>For what was replicated from another cluster: whom it is told apart by instead of its producer; null for others.</summary>
    internal string? Origin { get; set; }

    /// <summary>The number that it has there.</summary>
    internal long OriginNumber { get; set; }

    /// <summary>The greatest number in it.</summary>
    internal long LastSequenceId => Math.Max(SequenceId, HighestSequenceId);

    /// <summary>It is as durable as the topic promises.</summary>
    public abstract void Published(Position position);

    /// <summary>It, or what it repeats, was published before: nothing was added.</summary>
    public abstract void Duplicate();

    /// <summary>It is not acknowledged. Where the problem's fault is the platform's, publishing the same again is right.</summary>
    public abstract void Failed(Problem problem);

    /// <inheritdoc/>
    internal sealed override void Appended(Position position) => Producer!.Appended(this, position);

    /// <inheritdoc/>
    internal sealed override void Refused(Exception failure) => Producer!.Refused(this, failure);
}
