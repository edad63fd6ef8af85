using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Consuming;

/// <summary>A consumer's part in one topic or partition: attached there, and attached again when that is lost; knows what is in its user's hands.</summary>
internal sealed partial class ConsumerPart : IAsyncDisposable
{
    // Acknowledgements of single messages of a batch wait this long for others of it.
    private static readonly TimeSpan AckDelay = TimeSpan.FromMilliseconds(50);

    // What waits here of one topic or partition, about, and as much on its way: the queue's size counts messages, which may be large.
    private const long WindowBytes = 16L << 20;

    private readonly ITopicServer _server;
    private readonly TopicConsumerOptions _options;
    private readonly IPartOwner _owner;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _queueSize;
    private readonly CancellationTokenSource _closing = new();

    private readonly HandedOut _inHand;
    private readonly ITimer _ackTimer;
    private bool _isAckTimed;

    // Guards all below; nothing of the broker's is called under it.
    private readonly Lock _gate = new();
    private readonly List<BatchAck> _unsent = [];
    private bool _isClosed;
    private int _taken;
    private PermitWindow _window = new(WindowBytes);
    private long _queuedBytes;
    private MessageId? _resume;
    private DateTimeOffset? _resumeAt;
    private bool _isResumeRead;
    private Task _attaching = Task.CompletedTask;

    // Of whoever takes entries apart, who is one at a time: the chunks of one attachment.
    private ChunkCollector? _chunks;
    private int _chunksOf;

    private volatile IServedConsumer? _served;
    private volatile int _attachment;
    private volatile bool _hasEnded;

    public ConsumerPart(ITopicServer server, TopicName topic, TopicConsumerOptions options, int queueSize, IPartOwner owner, TimeProvider time, ILogger logger)
    {
        (_server, Topic, _options, _queueSize, _owner, _time, _logger) = (server, topic, options, queueSize, owner, time, logger);
        _inHand = new HandedOut(options, owner.Clock.After);
        _ackTimer = time.CreateTimer(static self => ((ConsumerPart)self!).FlushAcks(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public TopicName Topic { get; }

    /// <summary>Whether rejections are counted here and not by the broker.</summary>
    public bool CountsItself => _inHand.CountsItself;

    /// <summary>Which attachment delivers now.</summary>
    public int Attachment => _attachment;

    /// <summary>How many entries the subscription has not acknowledged here; 0 for a topic of another node.</summary>
    public long Backlog => _served?.Backlog ?? 0;

    /// <summary>Whether the topic is terminated, and all of it delivered.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>Whether nothing will come any more and nothing is in anybody's hands.</summary>
    public bool IsDone => _hasEnded && _inHand.IsEmpty;

    /// <summary>Attaches for the first time.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        var sink = new PartSink(this, 1);
        _attachment = 1;
        var served = await _server.SubscribeAsync(Topic, Attaching(), sink, cancellation);
        if (!TryBegin(served, sink))
        {
            // The attachment that has taken its place is under way, and would be kept out by this one.
            served.Detach();
        }
    }

    /// <summary>Takes an entry out of the queue: what is known of it from now on, or null when it comes again over another attachment.</summary>
    public EntryState? Take(in QueuedEntry queued, bool isBatch, IReadOnlyList<Position> chunks)
    {
        if (queued.Attachment != _attachment)
        {
            return null;
        }

        var state = _inHand.Add(queued.Entry, isBatch, chunks, queued.Attachment);
        GiveBack(queued);
        if (state.TimesOutAt != 0)
        {
            _owner.Clock.Add(this, state.Position, state.TimesOutAt);
        }

        return state;
    }

    /// <summary>Puts a message together that comes in chunks: the message with its last chunk, null before that.</summary>
    public ChunkedMessage? Collect(in QueuedEntry queued)
    {
        var attachment = queued.Attachment;
        if (attachment != _attachment)
        {
            return null;
        }

        // To whoever keeps nothing, nothing is delivered again: what it has stays of use.
        if (_chunks is null || (_chunksOf != attachment && _options.Consumer.IsDurable))
        {
            _chunks?.Dispose();
            (_chunks, _chunksOf) = (new ChunkCollector(_options.Chunks, _time, chunks => GiveUp(attachment, chunks)), attachment);
        }

        return _chunks.Add(Topic, queued.Entry);
    }

    /// <summary>An entry holds nothing for the user: it is malformed, or a chunk of a message whose others are yet to come.</summary>
    public void Skip(in QueuedEntry queued, bool acknowledge)
    {
        GiveBack(queued);
        if (acknowledge && queued.Attachment == _attachment)
        {
            _served?.Acknowledge([new BatchAck(queued.Entry.Position)]);
        }
    }

    /// <summary>For a reader: it goes on behind this message when it has to be attached again.</summary>
    public void Read(MessageId id)
    {
        lock (_gate)
        {
            (_resume, _resumeAt, _isResumeRead) = (id, null, true);
        }
    }

    /// <summary>For a reader: whether it has read this message before it was attached again.</summary>
    public bool HasRead(MessageId id)
    {
        lock (_gate)
        {
            return _isResumeRead && _resume is { } resume && resume.Position == id.Position && id.BatchIndex <= resume.BatchIndex;
        }
    }

    public void Acknowledge(MessageId id) => Apply(id.Position, _inHand.Acknowledge(id));

    public void AcknowledgeUpTo(MessageId id)
    {
        _served?.AcknowledgeUpTo(_inHand.AcknowledgeUpTo(id));
        Settled();
    }

    public void Reject(MessageId id) => Apply(id.Position, _inHand.Reject(id));

    /// <summary>A message could not be made a dead letter: it is delivered again, as if it were none yet.</summary>
    public void Postpone(MessageId id) => Apply(id.Position, _inHand.Postpone(id));

    /// <summary>The time for which an entry was asked has come.</summary>
    public void Due(Position position, long at) => Apply(position, _inHand.Due(position, at));

    /// <summary>A message that was taken out of the queue did not get to the user.</summary>
    public void Return(MessageId id) => _inHand.Return(id);

    public void RedeliverAll()
    {
        FlushAcks();
        _inHand.ReturnAll();
        var attachment = _attachment;
        _served?.RedeliverAll();

        // What waits in the queue is delivered again too: over a new attachment it cannot be mistaken for that.
        Lost(attachment);
    }

    public async ValueTask AcknowledgedAsync(CancellationToken cancellation)
    {
        FlushAcks();

        // Until it is attached again, nobody could keep them.
        while (true)
        {
            Task attaching;
            lock (_gate)
            {
                if (_served is not null || _isClosed || _attaching.IsCompleted)
                {
                    break;
                }

                attaching = _attaching;
            }

            await attaching.WaitAsync(cancellation);
        }

        if (_served is { } served)
        {
            await served.AcknowledgedAsync(cancellation);
        }
    }

    /// <summary>Goes elsewhere, to a message or a time, and is attached anew: what came before the move is not mistaken for what comes after it.</summary>
    public async ValueTask SeekAsync(MessageId? to, DateTimeOffset? toTime, CancellationToken cancellation)
    {
        var served = _served ?? throw new ProblemException(KnownProblems.Unavailable($"The consumer is not attached to {Topic} now.", "Try again in a second."));
        var attachment = _attachment;
        if (!_options.Consumer.IsDurable)
        {
            // The broker remembers nothing of it: where it begins is said when it is attached.
            lock (_gate)
            {
                (_resume, _resumeAt, _isResumeRead) = (to, toTime, false);
            }
        }
        else
        {
            await (to is { } id ? served.SeekAsync(id, cancellation) : served.SeekAsync(toTime!.Value, cancellation));
        }

        _inHand.Clear();
        lock (_gate)
        {
            _unsent.Clear();
        }

        Lost(attachment);
    }

    public async ValueTask DisposeAsync()
    {
        FlushAcks();
        Task attaching;
        lock (_gate)
        {
            _isClosed = true;
            _attachment++;
            attaching = _attaching;
        }

        await _closing.CancelAsync();
        await attaching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _served?.Detach();
        _served = null;
        await _ackTimer.DisposeAsync();
        _chunks?.Dispose();
        _closing.Dispose();
    }

    private void Delivered(in QueuedEntry entry)
    {
        if (entry.Attachment == _attachment)
        {
            _inHand.Enqueue(entry.Entry.Position);
            _owner.Delivered(entry);
        }
    }

    // Chunks that will never be a message.
    private void GiveUp(int attachment, IReadOnlyList<Position> chunks)
    {
        if (attachment == _attachment)
        {
            LogGivenUp(Topic, chunks.Count, chunks[0]);
            Send([.. chunks.Select(static chunk => new BatchAck(chunk))]);
        }
    }

    // Acknowledged while it is not attached: told as soon as it is, before anything is delivered.
    private void Send(BatchAck[] acks)
    {
        lock (_gate)
        {
            if (_served is null)
            {
                _unsent.AddRange(acks);
                return;
            }
        }

        _served?.Acknowledge(acks);
    }

    private void Apply(Position position, in Settlement settlement)
    {
        if (settlement.Acks is { } acks)
        {
            Send(acks);
            Settled();
        }

        if (settlement.RedeliverAt != 0)
        {
            _owner.Clock.Add(this, position, settlement.RedeliverAt);
        }

        if (settlement.Redeliver is { } positions)
        {
            if (_inHand.CountsItself)
            {
                // All that follows is delivered again too, in order: over a new attachment it cannot be mistaken for what waits in the queue.
                Lost(_attachment);
            }
            else
            {
                _served?.Redeliver(positions);
            }
        }

        foreach (var dead in settlement.Dead ?? [])
        {
            _owner.Died(this, dead);
        }

        if (settlement.IsDirty && !Interlocked.Exchange(ref _isAckTimed, true))
        {
            _ackTimer.Change(AckDelay, Timeout.InfiniteTimeSpan);
        }
    }

    private void Settled()
    {
        if (_hasEnded)
        {
            _owner.Settled(this);
        }
    }

    private void FlushAcks()
    {
        Volatile.Write(ref _isAckTimed, false);
        var acks = _inHand.TakeDirty();
        if (acks.Length > 0)
        {
            Send(acks);
        }
    }

    // Permits are given back by the half of the queue, as Pulsar's clients do.
    private void GiveBack(in QueuedEntry queued)
    {
        if (queued.Attachment != _attachment)
        {
            return;
        }

        lock (_gate)
        {
            // Attached anew in between: the new window knows nothing of it.
            if (queued.Attachment != _attachment)
            {
                return;
            }

            _queuedBytes -= queued.Entry.Data.Length;
            _taken += queued.Entry.Permits;
            if (_taken >= Math.Max(1, _queueSize / 2))
            {
                _window.Add(_taken);
                _taken = 0;
            }
        }

        PassOn();
    }

    // Before anybody can take them out of the queue again.
    private void Count(ReadOnlySpan<DeliveredEntry> entries, int attachment)
    {
        var (permits, bytes) = (0, 0L);
        foreach (ref readonly var entry in entries)
        {
            permits += entry.Permits;
            bytes += entry.Data.Length;
        }

        lock (_gate)
        {
            if (attachment == _attachment)
            {
                _window.Delivered(permits, bytes);
                _queuedBytes += bytes;
            }
        }
    }

    private void PassOn()
    {
        int permits;
        IServedConsumer? served;
        lock (_gate)
        {
            served = _served;
            permits = served is null ? 0 : _window.Take(_queuedBytes);
        }

        if (permits > 0)
        {
            served!.Permit(permits);
        }
    }

    // False when it was lost, or closed, before it began.
    private bool TryBegin(IServedConsumer served, PartSink sink)
    {
        BatchAck[] unsent;
        lock (_gate)
        {
            if (sink.Attachment != _attachment)
            {
                return false;
            }

            unsent = [.. _unsent];
            _unsent.Clear();
            _served = served;
            (_taken, _queuedBytes, _window) = (0, 0, new PermitWindow(WindowBytes));
            _window.Add(_queueSize);
        }

        if (unsent.Length > 0)
        {
            served.Acknowledge(unsent);
        }

        PassOn();
        if (sink.IsClosed)
        {
            Lost(sink.Attachment);
        }

        return true;
    }

    private void Lost(int attachment)
    {
        lock (_gate)
        {
            if (attachment != _attachment || _isClosed)
            {
                return;
            }

            _attachment++;
            _taken = 0;

            _inHand.Lost(attachment);
            var lost = _served;
            _served = null;
            _attaching = AttachAgainAsync(lost, _attachment, _attaching);
        }
    }

    private async Task AttachAgainAsync(IServedConsumer? lost, int attachment, Task before)
    {
        await Task.Yield();
        lost?.Detach();
        await before;
        var delay = default(ReconnectDelay);
        while (attachment == _attachment)
        {
            if (!_owner.Wants(this))
            {
                _owner.Gone(this, null);
                return;
            }

            try
            {
                var sink = new PartSink(this, attachment);
                var served = await _server.SubscribeAsync(Topic, Attaching(), sink, _closing.Token);
                if (!TryBegin(served, sink))
                {
                    served.Detach();
                }

                return;
            }
            catch (ProblemException e) when (e.Problem.Fault == Fault.Client && e.Problem.Slug is not ("topic-moved" or "consumer-busy"))
            {
                _owner.Gone(this, e.Problem.Slug == "not-found" ? null : e.Problem);
                return;
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogNotAttached(Topic, e);
                await Task.Delay(delay.Next(), _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private ConsumerOptions Attaching()
    {
        var options = _options.Consumer;
        lock (_gate)
        {
            return options.IsDurable ? options
                : _resumeAt is { } at ? options with { StartAt = at }
                : _resume is { } place ? options with { Start = place with { BatchIndex = -1 }, StartInclusive = !_isResumeRead || place.BatchIndex >= 0, StartAt = null }
                : options.Start.Partition >= 0 && Topic.IsPartition && options.Start.Partition != Topic.Partition ? options with { Start = new MessageId(Position.Earliest), StartInclusive = false }
                : options;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The consumer of {Topic} is not attached yet")]
    private partial void LogNotAttached(TopicName topic, Exception e);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Chunks} chunks of messages of {Topic} that are not there as a whole are acknowledged, the first of them at {First}")]
    private partial void LogGivenUp(TopicName topic, int chunks, Position first);

    private sealed class PartSink(ConsumerPart part, int attachment) : IConsumerSink
    {
        private volatile bool _isClosed;

        public int Attachment => attachment;

        /// <summary>Whether it was closed, perhaps before anybody knew that it is attached.</summary>
        public bool IsClosed => _isClosed;

        public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
        {
            part.Count(entries, attachment);
            foreach (ref readonly var entry in entries)
            {
                part.Delivered(new QueuedEntry(part, attachment, entry));
            }

            part.PassOn();
        }

        public void ActiveChanged(bool isActive)
        {
            // Messages say it: whoever is not active gets none.
        }

        public void EndReached()
        {
            part._hasEnded = true;
            part._owner.Settled(part);
        }

        public void Closed(CloseReason reason)
        {
            _isClosed = true;
            if (reason == CloseReason.Deleted)
            {
                part._owner.Gone(part, null);
            }
            else
            {
                // On another thread: the broker may hold what attaching takes.
                ThreadPool.UnsafeQueueUserWorkItem(static lost => lost.Part.Lost(lost.Attachment), (Part: part, Attachment: attachment), preferLocal: false);
            }
        }
    }
}
