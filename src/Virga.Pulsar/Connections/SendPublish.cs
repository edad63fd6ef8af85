using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;

namespace Virga.Pulsar.Connections;

/// <summary>An entry of a client on its way into a topic: the client gets its receipt when it is there.</summary>
internal sealed class SendPublish(ProducerSession session, long clientSequenceId, long clientHighest) : PendingPublish
{
    // Pulsar's answer to what was published before.
    private static readonly Position s_nowhere = new(-1, -1);

    /// <inheritdoc/>
    public override void Published(Position position) => session.Published(clientSequenceId, clientHighest, position);

    /// <inheritdoc/>
    public override void Duplicate() => session.Published(clientSequenceId, clientHighest, s_nowhere);

    /// <inheritdoc/>
    public override void Failed(Problem problem) => session.Failed(clientSequenceId, problem);
}
