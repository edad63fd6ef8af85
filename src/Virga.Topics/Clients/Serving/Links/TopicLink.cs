using System.Text.Json.Nodes;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Administration;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>
/// Attaches producers and consumers of this node to topics of others, and those of others to topics of this one. Each has a channel of its own; one that may have missed something ends, on both
/// sides: its user attaches anew, and the owner delivers again what was not acknowledged.
/// </summary>
internal sealed class TopicLink : IDisposable
{
    // How soon it is found out that the end of a channel was lost on its way: nobody would otherwise send anything on it.
    private static readonly TimeSpan CheckPeriod = TimeSpan.FromSeconds(1);

    private readonly INodeLink _link;
    private readonly ITopicServer _local;
    private readonly ITimer _checking;

    // Guards the three; channels are called outside of it.
    private readonly Lock _gate = new();
    private readonly Dictionary<long, LinkChannel> _opened = [];
    private readonly Dictionary<(NodeName User, long Id), LinkChannel> _served = [];

    // Given up by their users before they were attached here.
    private readonly HashSet<(NodeName User, long Id)> _givenUp = [];
    private long _lastId;

    /// <param name="link">The other nodes.</param>
    /// <param name="local">Attaches to what this node owns.</param>
    /// <param name="time">Where the numbers of channels begin, so that those of an earlier run are none of them.</param>
    public TopicLink(INodeLink link, ITopicServer local, TimeProvider time)
    {
        (_link, _local, _lastId) = (link, local, time.GetUtcNow().UtcTicks);
        link.Handle(NodeTopic.TopicFrame, TakeAsync);
        link.Handle(NodeTopic.TopicRequest, AnswerAsync);
        link.Connected += Connected;
        link.ViewChanged += NodesChanged;
        _checking = time.CreateTimer(static self => ((TopicLink)self!).Check(), this, CheckPeriod, CheckPeriod);
    }

    /// <summary>Carries out what other nodes ask for; set before the node is known to any.</summary>
    public OperationRunner? Operations { get; set; }

    /// <summary>Attaches a producer to a topic of another node.</summary>
    public async ValueTask<IServedProducer> ProduceAsync(NodeName owner, TopicName topic, ProducerOptions options, IProducerSink sink, CancellationToken cancellation)
    {
        var id = Interlocked.Increment(ref _lastId);
        var channel = new RemoteProducer(_link, owner, Incarnation(owner), id, sink, Closed);
        var answer = await OpenAsync(channel, AttachmentCodec.Write(Request(RequestKind.Produce, topic).Number(id), options), cancellation);
        channel.Opened(answer.Text(), answer.Number());
        return channel;
    }

    /// <summary>Attaches a consumer to a topic of another node.</summary>
    public async ValueTask<IServedConsumer> SubscribeAsync(NodeName owner, TopicName topic, ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation)
    {
        var id = Interlocked.Increment(ref _lastId);
        var channel = new RemoteConsumer(this, _link, owner, Incarnation(owner), id, topic, options.Subscription, sink, Closed);
        await OpenAsync(channel, AttachmentCodec.Write(Request(RequestKind.Subscribe, topic).Number(id), options), cancellation);
        return channel;
    }

    /// <summary>Completes when what a consumer has sent so far is dealt with durably.</summary>
    public async ValueTask SettleAsync(NodeName owner, long channel, long sent, CancellationToken cancellation) =>
        await AskAsync(owner, new FrameWriter().Byte((byte)RequestKind.Settle).Number(channel).Number(sent), cancellation);

    /// <summary>Moves a subscription of another node's topic.</summary>
    public async ValueTask SeekAsync(NodeName owner, TopicName topic, SubscriptionName subscription, MessageId to, CancellationToken cancellation) =>
        await AskAsync(owner, Request(RequestKind.SeekMessage, topic).Text(subscription.Value).Message(to), cancellation);

    /// <summary>Moves a subscription of another node's topic.</summary>
    public async ValueTask SeekAsync(NodeName owner, TopicName topic, SubscriptionName subscription, DateTimeOffset to, CancellationToken cancellation) =>
        await AskAsync(owner, Request(RequestKind.SeekTime, topic).Text(subscription.Value).Time(to), cancellation);

    /// <summary>Makes a subscription of another node's topic.</summary>
    public async ValueTask CreateSubscriptionAsync(NodeName owner, TopicName topic, SubscriptionName subscription, MessageId start, CancellationToken cancellation) =>
        await AskAsync(owner, Request(RequestKind.CreateSubscription, topic).Text(subscription.Value).Message(start), cancellation);

    /// <summary>Has the owner of a topic carry something out.</summary>
    public async ValueTask<JsonObject> RunAsync(NodeName owner, TopicName topic, TopicOperation operation, JsonObject arguments, CancellationToken cancellation)
    {
        var answer = await AskAsync(owner, Request(RequestKind.Operate, topic).Byte((byte)operation).Text(arguments.ToJsonString()), cancellation);
        return JsonNode.Parse(answer.Text()) as JsonObject ?? [];
    }

    public void Dispose()
    {
        _checking.Dispose();
        _link.Connected -= Connected;
        _link.ViewChanged -= NodesChanged;
        foreach (var channel in All())
        {
            channel.End(tellPeer: true);
        }
    }

    private static FrameWriter Request(RequestKind kind, TopicName topic) => new FrameWriter().Byte((byte)kind).Text(topic.ToString());

    private long Incarnation(NodeName node) => _link.View.Find(node)?.Incarnation
        ?? throw new ProblemException(KnownProblems.Unavailable($"The node '{node}', which owns the topic, is not alive.", "Try again in a few seconds: another node takes the topic over."));

    private async ValueTask<Answer> OpenAsync(LinkChannel channel, FrameWriter request, CancellationToken cancellation)
    {
        lock (_gate)
        {
            // Before it is answered: deliveries may overtake the answer.
            _opened.Add(channel.Id, channel);
        }

        try
        {
            var answer = await AskAsync(channel.Peer, request, cancellation);
            channel.Attached();
            return answer;
        }
        catch
        {
            lock (_gate)
            {
                _opened.Remove(channel.Id);
            }

            // It may be attached all the same, or be so soon.
            _link.Post(channel.Peer, NodeTopic.TopicFrame, FrameWriter.Frame(channel.Id, isToOwner: true, 0, FrameKind.End).Written);
            throw;
        }
    }

    private async ValueTask<Answer> AskAsync(NodeName owner, FrameWriter request, CancellationToken cancellation)
    {
        try
        {
            return new Answer(await _link.AskAsync(owner, NodeTopic.TopicRequest, request.Written, cancellation));
        }
        catch (NodeUnreachableException e)
        {
            throw new ProblemException(KnownProblems.Unavailable($"The owner of the topic does not answer: {e.Message}", "Try again in a few seconds."), e);
        }
    }

    private ValueTask<ReadOnlyMemory<byte>> TakeAsync(NodeName from, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var body = new FrameReader(message);
        var (id, isToOwner, number, kind) = (body.Number(), body.Flag(), body.Number(), (FrameKind)body.Byte());
        LinkChannel? channel;
        lock (_gate)
        {
            channel = isToOwner ? _served.GetValueOrDefault((from, id)) : _opened.GetValueOrDefault(id);
            if (channel is null && isToOwner && kind == FrameKind.End)
            {
                _givenUp.Add((from, id));
            }
        }

        if (channel is not null)
        {
            channel.Receive(number, kind, body);
        }
        else if (kind != FrameKind.End)
        {
            _link.Post(from, NodeTopic.TopicFrame, FrameWriter.Frame(id, !isToOwner, 0, FrameKind.End).Written);
        }

        return ValueTask.FromResult(ReadOnlyMemory<byte>.Empty);
    }

    private async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(NodeName from, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        try
        {
            var answer = new FrameWriter().Flag(true);
            await AnswerAsync(from, message, answer, cancellation);
            return answer.Written;
        }
        catch (ProblemException e)
        {
            return new FrameWriter().Flag(false).Problem(e.Problem).Written;
        }
    }

    private ValueTask AnswerAsync(NodeName from, ReadOnlyMemory<byte> message, FrameWriter answer, CancellationToken cancellation)
    {
        var body = new FrameReader(message);
        switch ((RequestKind)body.Byte())
        {
            case RequestKind.Produce:
                var produced = AttachmentCodec.ReadTopic(ref body);
                return ProduceAsync(from, produced, body.Number(), AttachmentCodec.ReadProducer(ref body), answer, cancellation);
            case RequestKind.Subscribe:
                var consumed = AttachmentCodec.ReadTopic(ref body);
                return SubscribeAsync(from, consumed, body.Number(), AttachmentCodec.ReadConsumer(ref body), cancellation);
            case RequestKind.Settle:
                return ServeSettleAsync(from, body.Number(), body.Number(), cancellation);
            case RequestKind.SeekMessage:
                return _local.SeekAsync(AttachmentCodec.ReadTopic(ref body), AttachmentCodec.ReadSubscription(ref body), body.Message(), cancellation);
            case RequestKind.SeekTime:
                return _local.SeekAsync(AttachmentCodec.ReadTopic(ref body), AttachmentCodec.ReadSubscription(ref body), body.Time() ?? throw new InvalidDataException("No time."), cancellation);
            case RequestKind.CreateSubscription:
                return _local.CreateSubscriptionAsync(AttachmentCodec.ReadTopic(ref body), AttachmentCodec.ReadSubscription(ref body), body.Message(), cancellation);
            case RequestKind.Operate:
                return OperateAsync(AttachmentCodec.ReadTopic(ref body), (TopicOperation)body.Byte(), body.Text(), answer, cancellation);
            default:
                throw new InvalidDataException("A request of a newer node.");
        }
    }

    private async ValueTask ProduceAsync(NodeName user, TopicName topic, long id, ProducerOptions options, FrameWriter answer, CancellationToken cancellation)
    {
        var channel = new ServedProducer(_link, user, Incarnation(user), id, Ended);
        var producer = await _local.ProduceAsync(topic, options, channel, cancellation);
        channel.Begin(producer);
        answer.Text(producer.Name).Number(producer.LastSequenceId);
        Serve(user, channel);
    }

    private async ValueTask SubscribeAsync(NodeName user, TopicName topic, long id, ConsumerOptions options, CancellationToken cancellation)
    {
        var channel = new ServedConsumer(_link, user, Incarnation(user), id, Ended);
        channel.Begin(await _local.SubscribeAsync(topic, options, channel, cancellation));
        Serve(user, channel);
    }

    private async ValueTask OperateAsync(TopicName topic, TopicOperation operation, string arguments, FrameWriter answer, CancellationToken cancellation) =>
        answer.Text((await Operations!.RunAsync(topic, operation, JsonNode.Parse(arguments) as JsonObject ?? [], cancellation)).ToJsonString());

    private async ValueTask ServeSettleAsync(NodeName user, long id, long sent, CancellationToken cancellation)
    {
        LinkChannel? channel;
        lock (_gate)
        {
            channel = _served.GetValueOrDefault((user, id));
        }

        if (channel is not ServedConsumer { Consumer: { } consumer })
        {
            throw new ProblemException(KnownProblems.Unavailable("The consumer was closed before its acknowledgements were kept.", "What was not kept is delivered again."));
        }

        await channel.HandledAsync(sent).WaitAsync(cancellation);
        await consumer.AcknowledgedAsync(cancellation);
    }

    private void Serve(NodeName user, LinkChannel channel)
    {
        bool isGivenUp;
        lock (_gate)
        {
            isGivenUp = _givenUp.Remove((user, channel.Id));
            _served[(user, channel.Id)] = channel;
        }

        // Given up meanwhile, or its node is gone: nobody else would ever end it.
        if (isGivenUp || !channel.IsPeerIn(_link.View))
        {
            channel.End(tellPeer: false);
        }
    }

    private void Closed(LinkChannel channel)
    {
        lock (_gate)
        {
            _opened.Remove(channel.Id);
        }
    }

    private void Ended(LinkChannel channel)
    {
        lock (_gate)
        {
            _served.Remove((channel.Peer, channel.Id));
        }
    }

    private void Check()
    {
        LinkChannel[] opened;
        lock (_gate)
        {
            opened = [.. _opened.Values];
        }

        foreach (var channel in opened)
        {
            channel.Sync();
        }
    }

    private void Connected(NodeName node)
    {
        foreach (var channel in All())
        {
            if (channel.Peer == node)
            {
                channel.Sync();
            }
        }
    }

    private void NodesChanged(ClusterView view)
    {
        lock (_gate)
        {
            _givenUp.RemoveWhere(given => !view.Contains(given.User));
        }

        foreach (var channel in All())
        {
            if (!channel.IsPeerIn(view))
            {
                channel.End(tellPeer: false);
            }
        }
    }

    private LinkChannel[] All()
    {
        lock (_gate)
        {
            return [.. _opened.Values, .. _served.Values];
        }
    }
}
