using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Streams;
using Virga.Streams.Calls;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Streams.Lanes;

/// <summary>
/// One partition on its way through a stream's function: receives, folds into steps, calls, publishes, acknowledges. It runs where the partition is owned, so that nothing of this crosses the network
/// but answers to other nodes' partitions.
/// </summary>
internal sealed class StreamLane : IConsumerSink, IDisposable
{
    private static readonly TimeSpan s_publishIdle = TimeSpan.FromSeconds(1);
    private readonly StreamFunction _stream;
    private readonly Topic _topic;
    private readonly TopicClient _client;
    private readonly FunctionCaller _caller;
    private readonly LaneFigures _figures;
    private readonly LaneLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<DeliveredEntry> _received = Channel.CreateUnbounded<DeliveredEntry>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<LaneStep> _steps = Channel.CreateUnbounded<LaneStep>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly AckBook _acks = new();
    private readonly TopicBroker _broker;
    private readonly ChunkCollector _chunks;
    private readonly LanePermits _permits;
    private Consumer? _consumer;
    private volatile LaneFold? _fold;

    /// <summary>A lane that has not begun.</summary>
    public StreamLane(StreamFunction stream, Topic topic, TopicBroker broker, TopicClient client, FunctionCaller caller, LaneFigures figures, LaneLimits limits, TimeProvider time, ILogger logger)
    {
        _stream = stream;
        _topic = topic;
        _broker = broker;
        _client = client;
        _caller = caller;
        _figures = figures;
        _limits = limits;
        _permits = new LanePermits(limits, permits => _consumer!.Permit(permits));
        _chunks = new ChunkCollector(new ChunkLimits(), time, GiveUp);
        _time = time;
        _logger = logger;
    }

    /// <summary>Messages in open windows.</summary>
    public int Held => _fold?.Held ?? 0;

    /// <summary>The watermark, in milliseconds since 1970; null where there is none.</summary>
    public long? Watermark => _fold?.Watermark;

    /// <summary>Whether it is attached to its topic.</summary>
    public bool IsRunning => _fold is not null;

    private SubscriptionName Subscription => SubscriptionName.Parse(StreamSubscription.Of(_stream.Name.Name.Value));

    /// <summary>Runs until it is cancelled, or until the topic goes elsewhere.</summary>
    /// <exception cref="StreamStoppedException">It must not go on by itself.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var consumer = await _topic.SubscribeAsync(
            new ConsumerOptions
            {
                Subscription = Subscription,
                Type = SubscriptionType.Exclusive,
                Name = $"stream-{_stream.Name.Name}",
                Start = new MessageId(_stream.Spec.From == TopicStart.Earliest ? Position.Earliest : Position.Latest),
            },
            this,
            cancellation);
        _consumer = consumer;
        try
        {
            var note = await BeginAsync(consumer, cancellation);
            var fold = new LaneFold(_stream.Spec.Window, note);
            await using var publisher = await PublisherAsync(note, cancellation);
            var output = new LaneOutput(publisher, _stream.Spec.Processing == StreamProcessing.EffectivelyOnce, _figures);
            var calls = new LaneCalls(_stream, _caller, new DeadLetters(_stream, _client), _figures, _time, _logger);
            var committer = new LaneCommitter(_steps.Reader, output, _acks, Acknowledge);
            _fold = fold;
            _permits.Begin();
            Task[] running = [FoldAsync(fold, calls, ending.Token), calls.RunAsync(ending.Token), committer.RunAsync(ending.Token)];
            try
            {
                // Each of them ends only by failing, or with the topic; then the others are of no use.
                await await Task.WhenAny(running);
            }
            finally
            {
                await ending.CancelAsync();

                // Whatever they failed with now comes of what ended the first.
                await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            consumer.Detach();
        }
    }

    /// <summary>Gives no chunks up any more; called when it has run.</summary>
    public void Dispose() => _chunks.Dispose();

    /// <inheritdoc/>
    public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
    {
        var (permits, bytes) = (0, 0L);
        foreach (ref readonly var entry in entries)
        {
            permits += entry.Permits;
            bytes += entry.Data.Length;
            _received.Writer.TryWrite(entry);
        }

        _permits.Delivered(permits, bytes);
    }

    /// <inheritdoc/>
    public void ActiveChanged(bool isActive)
    {
        // An exclusive consumer is always the active one.
    }

    /// <inheritdoc/>
    public void EndReached()
    {
        // Nothing comes any more; what is here goes its way.
    }

    /// <inheritdoc/>
    public void Closed(CloseReason reason) => _received.Writer.TryComplete();

    // A subscription that is new, or was moved by somebody, has no note: a new generation begins, and that must be durable before the first answer is published under it.
    private async ValueTask<LaneNote> BeginAsync(Consumer consumer, CancellationToken cancellation)
    {
        if (LaneNote.TryParse(consumer.Note, out var note))
        {
            return note;
        }

        note = LaneNote.Begin(_time.GetUtcNow().ToUnixTimeMilliseconds());
        consumer.Acknowledge([], note.ToString());
        await consumer.AcknowledgedAsync(cancellation);
        return note;
    }

    private async ValueTask<ITopicPublisher?> PublisherAsync(LaneNote note, CancellationToken cancellation)
    {
        if (_stream.Spec.Output is not { } output)
        {
            return null;
        }

        var topic = TopicName.Parse(output, _stream.Name.Scope);
        if (_stream.Spec.Processing != StreamProcessing.EffectivelyOnce)
        {
            return await _client.PublisherAsync(topic, new PublisherOptions { Batching = new BatchingOptions() }, cancellation);
        }

        await DeduplicateAsync(topic, cancellation);

        // Each answer by itself: of a batch, only a part may have been published before.
        return await _client.PublisherAsync(
            topic,
            new PublisherOptions
            {
                Name = $"stream {_stream.Name} {_topic.Name} {note.Generation}",
                Access = ProducerAccess.Shared,
                FirstSequenceId = note.Works * LaneLimits.Results,
                EndsWithFailure = true,
            },
            cancellation);
    }

    private async ValueTask DeduplicateAsync(TopicName output, CancellationToken cancellation)
    {
        var owner = PolicyOwner.OfTopic(output);
        while (await _broker.PoliciesAsync(owner, cancellation) is var policies && policies.Policies.Deduplication != true)
        {
            try
            {
                await _broker.SetPoliciesAsync(owner, policies.Policies with { Deduplication = true }, policies.Version, cancellation);
            }
            catch (ProblemException e) when (e.Problem.Slug == "stale-version")
            {
                // Most likely another partition's lane, which wants the same: look again.
                continue;
            }
        }
    }

    private async Task FoldAsync(LaneFold fold, LaneCalls calls, CancellationToken cancellation)
    {
        var steps = new List<LaneStep>();
        var idle = Idle();
        var late = 0L;
        while (true)
        {
            if (!await WaitAsync(idle, cancellation))
            {
                if (_received.Reader.Completion.IsCompleted)
                {
                    return;
                }

                fold.Pass((_time.GetUtcNow() - idle!.Value).ToUnixTimeMilliseconds(), steps);
            }

            while (_received.Reader.TryRead(out var entry))
            {
                await TakeAsync(fold, entry, steps, cancellation);
                if (steps.Count >= 256)
                {
                    Hand(steps, calls);
                }
            }

            _figures.CountLate(fold.Late - late);
            late = fold.Late;
            Hand(steps, calls);
            if (fold.HeldBytes > _limits.WindowBytes)
            {
                throw new StreamStoppedException(
                    $"The open windows of {_topic.Name} hold {fold.Held} messages of {fold.HeldBytes >> 20} MiB; {_limits.WindowBytes >> 20} MiB are allowed. Make the windows smaller, or the partitions more, then restart the stream: nothing is lost.");
            }
        }
    }

    // False when nothing came for so long, or nothing will come any more.
    private async ValueTask<bool> WaitAsync(TimeSpan? idle, CancellationToken cancellation)
    {
        if (idle is not { } patience)
        {
            return await _received.Reader.WaitToReadAsync(cancellation);
        }

        var waiting = _received.Reader.WaitToReadAsync(cancellation);
        if (waiting.IsCompleted)
        {
            return await waiting;
        }

        try
        {
            return await waiting.AsTask().WaitAsync(patience, _time, cancellation);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async ValueTask TakeAsync(LaneFold fold, DeliveredEntry entry, List<LaneStep> steps, CancellationToken cancellation)
    {
        IReadOnlyList<TopicMessage> messages;
        IReadOnlyList<Position> chunks = [];
        try
        {
            if (MessageCodec.TryReadHeader(entry.Data, out var header) && header.Chunks > 0)
            {
                if (_chunks.Add(_topic.Name, entry) is not { } whole)
                {
                    _permits.Return(entry.Permits, entry.Data.Length);
                    return;
                }

                (messages, chunks) = ([whole.Message], [.. whole.Chunks.SkipLast(1)]);
            }
            else
            {
                messages = MessageReader.Read(_topic.Name, entry);
            }
        }
        catch (MalformedMessageException e)
        {
            Skip(fold, await PutAsideAsync(entry, e, cancellation), steps);
            return;
        }

        if (messages.Count == 0)
        {
            // A batch of which compaction has left nothing.
            Skip(fold, Nothing(entry), steps);
            return;
        }

        if (messages[0].Id.BatchIndex >= 0)
        {
            _acks.Deliver(entry.Position, messages);
        }

        var permits = entry.Permits;
        for (var i = 0; i < messages.Count; i++)
        {
            _figures.CountReceived();
            var before = steps.Count;
            var isLast = i == messages.Count - 1;
            fold.Take(messages[i], chunks, isLast ? permits - i : 1, isLast ? entry.Data.Length : 0, steps);
            if (_stream.Spec.Processing == StreamProcessing.AtMostOnce)
            {
                AcknowledgeAhead(steps, before);
            }
        }

        // What is in a window is not under way: the next messages may be what closes it.
        if (_stream.Spec.Window is not null)
        {
            _permits.Return(permits, entry.Data.Length);
        }
    }

    private void Skip(LaneFold fold, StreamMessage skipped, List<LaneStep> steps)
    {
        steps.Add(fold.Skip(skipped.Position, skipped));
        if (_stream.Spec.Processing == StreamProcessing.AtMostOnce)
        {
            AcknowledgeAhead(steps, steps.Count - 1);
        }

        if (_stream.Spec.Window is not null)
        {
            _permits.Return(skipped.Permits, skipped.EntryBytes);
        }
    }

    private StreamMessage Nothing(in DeliveredEntry entry) => new()
    {
        Message = new TopicMessage { Topic = _topic.Name, Id = new MessageId(entry.Position, _topic.Name.Partition), Payload = entry.Data },
        Position = entry.Position,
        BatchIndex = -1,
        Permits = entry.Permits,
        EntryBytes = entry.Data.Length,
        Time = 0,
        Key = "",
        Sequence = -1,
    };

    private async ValueTask<StreamMessage> PutAsideAsync(DeliveredEntry entry, MalformedMessageException cause, CancellationToken cancellation)
    {
        _logger.EntryPutAside(_stream.Name, _topic.Name, entry.Position, cause.Message);
        var raw = Nothing(entry);
        await new DeadLetters(_stream, _client).PutAsync(raw.Message, new CallFailure("malformed", cause.Message, IsHeld: false, null), cancellation);
        _figures.CountDeadLettered(1);
        return raw;
    }

    // At most once: acknowledged before the function sees it.
    private void AcknowledgeAhead(List<LaneStep> steps, int from)
    {
        var acks = new List<BatchAck>();
        for (var i = from; i < steps.Count; i++)
        {
            acks.Clear();
            foreach (var message in steps[i].Done)
            {
                _acks.Add(message, acks);
            }

            _consumer!.Acknowledge(CollectionsMarshal.AsSpan(acks), steps[i].Note.ToString());
        }
    }

    // They are of no message, so that the fold does not know them: where it stands is as before.
    private void GiveUp(IReadOnlyList<Position> chunks)
    {
        _logger.ChunksGivenUp(_stream.Name, _topic.Name, chunks.Count, chunks[0]);
        _consumer!.Acknowledge([.. chunks.Select(static chunk => new BatchAck(chunk))]);
    }

    private void Hand(List<LaneStep> steps, LaneCalls calls)
    {
        foreach (var step in steps)
        {
            _steps.Writer.TryWrite(step);
            foreach (var work in step.Works)
            {
                calls.Submit(work);
            }
        }

        steps.Clear();
    }

    private void Acknowledge(List<BatchAck> acks, LaneNote note, int permits, long bytes)
    {
        if (_stream.Spec.Processing != StreamProcessing.AtMostOnce)
        {
            _consumer!.Acknowledge(CollectionsMarshal.AsSpan(acks), note.ToString());
        }

        if (_stream.Spec.Window is null)
        {
            _permits.Return(permits, bytes);
        }
    }

    private TimeSpan? Idle() => _stream.Spec.Window is { Count: null } window ? window.Idle?.Span ?? (window.Time == StreamTime.Publish ? s_publishIdle : null) : null;
}
