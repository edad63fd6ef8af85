using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Consuming;

/// <summary>Consumes the topics of a selection: a part for each topic or partition, one queue for all.</summary>
internal sealed partial class TopicConsumer : ITopicConsumer, IPartOwner
{
    private readonly ConsumerTopics _topics;
    private readonly ITopicServer _server;
    private readonly TopicConsumerOptions _options;
    private readonly DeadLetterOffice? _office;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<QueuedEntry> _ready = Channel.CreateUnbounded<QueuedEntry>();

    // What must end before the consumer does: dead letters on their way, parts that are let go of.
    private readonly UnderWay _underWay = new();

    // Guards taking entries apart, so that messages keep their order.
    private readonly Lock _receiving = new();
    private ConsumerPart? _current;
    private int _currentAttachment;
    private IReadOnlyList<TopicMessage> _batch = [];
    private int _next;

    // Replaced as a whole, by one look at the topics at a time or by a part that is gone, under _changing.
    private readonly Lock _changing = new();
    private volatile IReadOnlyDictionary<TopicName, ConsumerPart> _parts = new Dictionary<TopicName, ConsumerPart>();
    private TopicWatch? _watch;
    private long _queued;
    private int _isDisposed;

    public TopicConsumer(ConsumerTopics topics, ITopicServer server, TopicConsumerOptions options, DeadLetterOffice? office, TimeProvider time, ILogger logger)
    {
        (_topics, _server, _options, _office, _time, _logger) = (topics, server, options, office, time, logger);
        Clock = new RedeliveryClock(time, static (part, position, at) => part.Due(position, at));
    }

    public RedeliveryClock Clock { get; }

    public SubscriptionName Subscription => _options.Consumer.Subscription;

    public IReadOnlyList<TopicName> Topics => [.. _parts.Keys];

    public int Queued
    {
        get
        {
            lock (_receiving)
            {
                return (int)Interlocked.Read(ref _queued) + _batch.Count - _next;
            }
        }
    }

    public bool HasEnded
    {
        get
        {
            var parts = _parts;
            return parts.Count > 0 && Queued == 0 && parts.Values.All(static part => part.HasEnded);
        }
    }

    public long Backlog
    {
        get
        {
            var backlog = 0L;
            foreach (var part in _parts.Values)
            {
                backlog += part.Backlog;
            }

            return backlog;
        }
    }

    /// <summary>Attaches to what there is, and follows what comes.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        await LookAsync(isFirst: true, cancellation);
        _watch = _topics.Watch(token => LookAsync(isFirst: false, token));
        CompleteIfDone();
    }

    public bool TryReceive([NotNullWhen(true)] out TopicMessage? message)
    {
        lock (_receiving)
        {
            while (true)
            {
                if (_next < _batch.Count)
                {
                    if (_current!.Attachment == _currentAttachment)
                    {
                        message = _batch[_next++];
                        return true;
                    }

                    // The attachment was lost in the middle of it: what is not received comes again.
                    for (; _next < _batch.Count; _next++)
                    {
                        _current.Return(_batch[_next].Id);
                    }
                }

                if (!_ready.Reader.TryRead(out var queued))
                {
                    message = null;
                    return false;
                }

                Interlocked.Add(ref _queued, -queued.Entry.Permits);
                (_batch, _next) = ([], 0);
                if (queued.Part.Attachment == queued.Attachment)
                {
                    TakeApart(queued);
                }
            }
        }
    }

    public ValueTask<bool> WaitAsync(CancellationToken cancellation)
    {
        lock (_receiving)
        {
            if (_next < _batch.Count)
            {
                return ValueTask.FromResult(true);
            }
        }

        return _ready.Reader.WaitToReadAsync(cancellation);
    }

    public async ValueTask<TopicMessage> ReceiveAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (TryReceive(out var message))
            {
                return message;
            }

            if (!await WaitAsync(cancellation))
            {
                throw new ChannelClosedException();
            }
        }
    }

    public void Acknowledge(TopicMessage message) => Acknowledge(message.Topic, message.Id);

    public void Acknowledge(TopicName topic, MessageId id) => Find(topic, id)?.Acknowledge(id);

    public void AcknowledgeUpTo(TopicMessage message) => AcknowledgeUpTo(message.Topic, message.Id);

    public void AcknowledgeUpTo(TopicName topic, MessageId id)
    {
        if (_options.Consumer.Type is SubscriptionType.Shared or SubscriptionType.KeyShared)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"Messages of the subscription '{Subscription}' are acknowledged one by one: it is shared.", "Acknowledge each message."));
        }

        Find(topic, id)?.AcknowledgeUpTo(id);
    }

    public void Reject(TopicMessage message) => Reject(message.Topic, message.Id);

    public void Reject(TopicName topic, MessageId id) => Find(topic, id)?.Reject(id);

    public async ValueTask RetryLaterAsync(TopicMessage message, TimeSpan delay, CancellationToken cancellation)
    {
        await (_office ?? throw new InvalidOperationException("This consumer has no policy for dead letters.")).RetryAsync(message, delay, cancellation);
        Acknowledge(message);
    }

    public void RedeliverAll()
    {
        foreach (var part in _parts.Values)
        {
            part.RedeliverAll();
        }
    }

    public async ValueTask AcknowledgedAsync(CancellationToken cancellation)
    {
        foreach (var part in _parts.Values)
        {
            await part.AcknowledgedAsync(cancellation);
        }
    }

    public async ValueTask SeekAsync(TopicName topic, MessageId to, CancellationToken cancellation)
    {
        var isEnd = to.Position == Position.Earliest || to.Position == Position.Latest;
        var found = false;
        foreach (var (name, part) in _parts)
        {
            if (name == topic || (name.Whole == topic && (isEnd || to.Partition < 0 || name.Partition == to.Partition)))
            {
                found = true;
                await part.SeekAsync(to, null, cancellation);
            }
        }

        if (!found)
        {
            throw new ProblemException(KnownProblems.NotFound($"The consumer is not attached to {topic}.", "Give one of the topics that it consumes."));
        }
    }

    public async ValueTask SeekAsync(DateTimeOffset to, CancellationToken cancellation)
    {
        foreach (var part in _parts.Values)
        {
            await part.SeekAsync(null, to, cancellation);
        }
    }

    /// <summary>For readers: a message was read.</summary>
    public void Read(TopicMessage message)
    {
        if (Find(message.Topic, message.Id) is { } part)
        {
            part.Read(message.Id);
            part.Acknowledge(message.Id);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        _ready.Writer.TryComplete();
        await _closing.CancelAsync();
        if (_watch is not null)
        {
            await _watch.DisposeAsync();
        }

        await Clock.DisposeAsync();
        await _underWay.WhenDoneAsync();
        foreach (var part in _parts.Values)
        {
            await part.DisposeAsync();
        }

        _closing.Dispose();
    }

    void IPartOwner.Delivered(in QueuedEntry entry)
    {
        Interlocked.Add(ref _queued, entry.Entry.Permits);
        _ready.Writer.TryWrite(entry);
    }

    void IPartOwner.Settled(ConsumerPart part) => CompleteIfDone();

    bool IPartOwner.Wants(ConsumerPart part) => _topics.Wants(part.Topic);

    void IPartOwner.Gone(ConsumerPart part, Problem? refusal)
    {
        lock (_changing)
        {
            if (!_parts.TryGetValue(part.Topic, out var present) || present != part)
            {
                return;
            }

            _parts = _parts.Where(other => other.Value != part).ToDictionary();
        }

        // Not here: the part itself waits for whoever calls.
        _underWay.Add(Task.Run(async () => await part.DisposeAsync()));
        if (refusal is not null)
        {
            _ready.Writer.TryComplete(new ProblemException(refusal));
        }
        else
        {
            CompleteIfDone();
        }
    }

    void IPartOwner.Died(ConsumerPart part, TopicMessage message) => _underWay.Add(BuryAsync(part, message));

    private async Task BuryAsync(ConsumerPart part, TopicMessage message)
    {
        await Task.Yield();
        try
        {
            await _office!.BuryAsync(message, _closing.Token);
            part.Acknowledge(message.Id);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            LogNotBuried(message.Topic, message.Id, e);
            part.Postpone(message.Id);
        }
    }

    // Under _receiving.
    private void TakeApart(in QueuedEntry queued)
    {
        var part = queued.Part;
        IReadOnlyList<TopicMessage> messages;
        IReadOnlyList<Position> chunks = [];
        try
        {
            if (MessageCodec.TryReadHeader(queued.Entry.Data, out var header) && header.Chunks > 0)
            {
                if (part.Collect(queued) is not { } whole)
                {
                    part.Skip(queued, acknowledge: false);
                    return;
                }

                messages = [whole.Message];
                chunks = [.. whole.Chunks.Take(whole.Chunks.Count - 1)];
            }
            else
            {
                messages = MessageReader.Read(part.Topic, queued.Entry);
            }
        }
        catch (MalformedMessageException e)
        {
            // Nobody could ever take it apart, and it would stand before all that come after it.
            LogMalformed(part.Topic, queued.Entry.Position, e);
            part.Skip(queued, acknowledge: true);
            return;
        }

        if (part.Take(queued, messages is [{ Id.BatchIndex: >= 0 }, ..], chunks) is not { } state)
        {
            return;
        }

        if (_options.DeadLetters is { } policy && state.Rejections > policy.MaxRedeliveries)
        {
            // Its consumers went away each time, without a word.
            foreach (var message in messages)
            {
                _underWay.Add(BuryAsync(part, message));
            }

            return;
        }

        foreach (var message in messages)
        {
            if (!state.IsWanted(message.Id.BatchIndex) || part.HasRead(message.Id))
            {
                messages = [.. messages.Where(other => state.IsWanted(other.Id.BatchIndex) && !part.HasRead(other.Id))];
                break;
            }
        }

        if (part.CountsItself && state.Rejections > 0)
        {
            messages = [.. messages.Select(message => message with { Redeliveries = state.Rejections })];
        }

        if (_office is not null)
        {
            state.Kept = [.. messages];
        }

        (_current, _currentAttachment, _batch) = (part, queued.Attachment, messages);
    }

    private ConsumerPart? Find(TopicName topic, MessageId id)
    {
        var parts = _parts;
        return parts.TryGetValue(topic, out var part) ? part
            : id.Partition >= 0 && !topic.IsPartition && parts.TryGetValue(topic.OfPartition(id.Partition), out part) ? part
            : null;
    }

    private async ValueTask LookAsync(bool isFirst, CancellationToken cancellation)
    {
        var wanted = await _topics.FindAsync(isFirst, cancellation);
        foreach (var (topic, part) in _parts)
        {
            if (_options.OwnedOnly && !wanted.Contains(topic))
            {
                ((IPartOwner)this).Gone(part, null);
            }
        }

        var share = Math.Max(1, _options.QueueSize / Math.Max(1, wanted.Count));
        foreach (var topic in wanted)
        {
            if (!_parts.ContainsKey(topic))
            {
                await AttachAsync(topic, share, isFirst && _topics.AreNamed, cancellation);
            }
        }
    }

    private async ValueTask AttachAsync(TopicName topic, int queueSize, bool isRequired, CancellationToken cancellation)
    {
        var part = new ConsumerPart(_server, topic, _options, queueSize, this, _time, _logger);
        lock (_changing)
        {
            // Before it is attached: what it delivers may be acknowledged at once.
            _parts = new Dictionary<TopicName, ConsumerPart>(_parts) { [topic] = part };
        }

        try
        {
            await part.OpenAsync(cancellation);
        }
        catch (Exception e)
        {
            lock (_changing)
            {
                _parts = _parts.Where(other => other.Value != part).ToDictionary();
            }

            await part.DisposeAsync();
            if (isRequired || cancellation.IsCancellationRequested)
            {
                throw;
            }

            // The next look tries again.
            LogNotAttached(topic, e);
        }
    }

    private void CompleteIfDone()
    {
        if (!_topics.MayGrow && _watch is not null && Interlocked.Read(ref _queued) == 0 && _parts.Values.All(static part => part.IsDone))
        {
            _ready.Writer.TryComplete();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The message {Id} of {Topic} could not be published to the dead letters; it is delivered again")]
    private partial void LogNotBuried(TopicName topic, MessageId id, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The entry {Position} of {Topic} cannot be taken apart; it is acknowledged unread")]
    private partial void LogMalformed(TopicName topic, Position position, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The topic {Topic} is not consumed yet; it is tried again")]
    private partial void LogNotAttached(TopicName topic, Exception e);
}
