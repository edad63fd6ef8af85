using System.Globalization;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Schemas;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <summary>
/// One topic, or one partition, that this node owns and has in memory. It leaves it when nobody uses it, when another node takes it over, and when its ledgers fail: producers and consumers are told and come
/// again. Keep no reference to one for longer than an operation; ask <see cref="TopicBroker.GetAsync"/> each time.
/// </summary>
public sealed partial class Topic : IAsyncDisposable
{
    private const int ScanEntries = 100;
    private const int ScanBytes = 1 << 20;

    private readonly TopicBroker _broker;
    private readonly TopicServices _services;
    private readonly ProducerGate _producers;

    // Guards the beginning of the end.
    private readonly Lock _closing = new();
    private Task? _closed;
    private long _usedAt;
    private long _published;
    private long _producerEpoch = -1;

    internal Topic(TopicBroker broker, TopicName name, TopicServices services, TopicLog? log, Deduplication? deduplication, TopicPolicies policies)
    {
        (_broker, Name, _services, Log, Deduplication, Policies) = (broker, name, services, log, deduplication, policies);
        _producers = new ProducerGate(this);
        Rate = new PublishRate(services.Time) { Limit = policies.PublishRate };
        Schemas = new SchemaBook(name, services.Metadata, services.Time);
        OpenedAt = services.Time.GetUtcNow();
        Upkeep = new TopicCare(this, broker, services);
        Subscriptions = new TopicSubscriptions(
            this,
            new SubscriptionContext(name, log ?? (ITopicLog)NoLog.Instance, services.Metadata, services.Time, services.Logger, new Random(), DispatchOf(policies))
            {
                CursorLost = () => GiveUp(new MetadataConflictException($"A cursor of '{name}'", 0)),
            },
            keepsMessages: log is not null);
        Touch();
        if (log is not null)
        {
            log.IsStrict = deduplication is not null;
            log.Lost = GiveUp;
            log.EntryConfirmed = Subscriptions.Appended;
        }
    }

    /// <summary>Its name.</summary>
    public TopicName Name { get; }

    /// <summary>Whether nothing is published to it any more.</summary>
    public bool IsTerminated => Log?.Record.IsTerminated ?? false;

    /// <summary>The last entry that can be read; before everything where there is none.</summary>
    public Position Last => Log?.Last ?? new Position(0, Volatile.Read(ref _published) - 1);

    /// <summary>The rules that hold for it.</summary>
    public TopicPolicies Policies { get; private set; }

    /// <summary>The versions of its schema; of the topic as a whole.</summary>
    public SchemaBook Schemas { get; }

    /// <summary>Whether it is leaving this node's memory: whoever needs it asks the broker again.</summary>
    public bool IsClosing => Volatile.Read(ref _closed) is not null;

    /// <summary>Whether somebody is connected.</summary>
    public bool IsInUse => _producers.Count > 0 || Subscriptions.HasConsumers;

    /// <summary>When it came into memory.</summary>
    public DateTimeOffset OpenedAt { get; }

    /// <summary>Its entries; null for one that keeps nothing.</summary>
    internal TopicLog? Log { get; }

    internal Deduplication? Deduplication { get; }

    internal TopicSubscriptions Subscriptions { get; }

    /// <summary>What happens to it as time goes by.</summary>
    internal TopicCare Upkeep { get; }

    internal ProducerGate Producers => _producers;

    internal PublishRate Rate { get; }

    /// <summary>Counts the exclusive producers; -1 before the first.</summary>
    internal long ProducerEpoch => Log?.Record.ProducerEpoch ?? _producerEpoch;

    /// <summary>For how long nobody has asked for it.</summary>
    internal TimeSpan IdleFor => _services.Time.GetElapsedTime(Volatile.Read(ref _usedAt));

    /// <summary>Why publishing is refused for now; null where it is not.</summary>
    internal Problem? Hold { get; set; }

    /// <summary>Attaches a producer.</summary>
    /// <exception cref="ProblemException"><c>producer-busy</c>, <c>producer-fenced</c>, <c>topic-terminated</c>, <c>backlog-exceeded</c>, <c>topic-moved</c>.</exception>
    public async ValueTask<Producer> ProduceAsync(ProducerOptions options, IProducerSink sink, CancellationToken cancellation)
    {
        ThrowIfClosing();
        if (IsTerminated)
        {
            throw new ProblemException(KnownProblems.TopicTerminated($"'{Name}' is terminated: nothing is published to it any more."));
        }

        if (Hold is { } hold)
        {
            throw new ProblemException(hold);
        }

        var id = _broker.NextProducer();
        var name = options.Name.Length > 0 ? options.Name : _broker.NameProducer(id);
        var producer = new Producer(this, id, name, options, sink, _services.Memory, _services.Options.MaxPendingBytesOfProducer);
        try
        {
            await _producers.AttachAsync(producer, cancellation);
        }
        catch (Exception e) when (e is MetadataConflictException or LedgerStoreException)
        {
            throw new ProblemException(Explain(e), e);
        }

        producer.LastSequenceId = Deduplication?.LastOf(name) ?? -1;
        Touch();
        if (IsClosing)
        {
            _producers.Leave(producer);
            ThrowIfClosing();
        }

        return producer;
    }

    /// <summary>Attaches a consumer; makes the subscription where it is missing and the policies let it be made.</summary>
    /// <exception cref="ProblemException"><c>consumer-busy</c>, <c>subscription-type-mismatch</c>, <c>not-found</c>, <c>topic-moved</c> and others of <see cref="Subscription.Attach"/>.</exception>
    public async ValueTask<Consumer> SubscribeAsync(ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation)
    {
        ThrowIfClosing();
        var consumer = await Subscriptions.AttachAsync(options, sink, cancellation);
        Touch();
        return consumer;
    }

    /// <summary>The subscriptions that it has.</summary>
    public IReadOnlyList<Subscription> ListSubscriptions() => Subscriptions.List;

    /// <summary>A subscription; null where there is none of that name.</summary>
    public Subscription? Find(SubscriptionName name) => Subscriptions.Find(name);

    /// <summary>Makes a subscription.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="start">Behind which message it begins; <see cref="Position.Earliest"/> or <see cref="Position.Latest"/>.</param>
    /// <param name="properties">The subscription's own properties.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="ProblemException"><c>conflict</c>: it exists.</exception>
    public ValueTask CreateSubscriptionAsync(SubscriptionName name, MessageId start, IReadOnlyList<KeyValuePair<string, string>> properties, CancellationToken cancellation)
    {
        ThrowIfClosing();
        return Subscriptions.CreateAsync(new ConsumerOptions { Subscription = name, Start = start, SubscriptionProperties = properties }, cancellation);
    }

    /// <summary>Removes a subscription with its place.</summary>
    /// <param name="name">Which.</param>
    /// <param name="force">Also while it has consumers.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>conflict</c>: it has consumers.</exception>
    public ValueTask UnsubscribeAsync(SubscriptionName name, bool force, CancellationToken cancellation)
    {
        ThrowIfClosing();
        return Subscriptions.DeleteAsync(name, force, cancellation);
    }

    /// <summary>The last message: with its place where it is the last of a batch. Before everything where the topic is empty.</summary>
    public async ValueTask<MessageId> LastMessageAsync(CancellationToken cancellation)
    {
        var last = Last;
        if (Log is null || last < Log.First)
        {
            return new MessageId(last, Name.Partition);
        }

        // What brokers write for each other is no message.
        var read = new List<LogEntry>(1);
        for (var position = last; position >= Log.First; position = Log.Before(position))
        {
            read.Clear();
            await ReadAsync(position, 1, int.MaxValue, read, cancellation);
            if (read.Count == 1 && MessageCodec.TryReadHeader(read[0].Data, out var header) && header.Marker == 0)
            {
                return new MessageId(position, Name.Partition, header.IsBatch ? header.Messages - 1 : -1);
            }
        }

        return new MessageId(Log.Chain.Floor, Name.Partition);
    }

    /// <summary>Reads entries, beginning at or behind a position.</summary>
    public async ValueTask<IReadOnlyList<LogEntry>> PeekAsync(Position from, int count, CancellationToken cancellation)
    {
        var entries = new List<LogEntry>();
        while (Log is { } log && entries.Count < count)
        {
            if (await ReadAsync(entries.Count == 0 ? from : log.After(entries[^1].Position), Math.Min(count - entries.Count, ScanEntries), ScanBytes, entries, cancellation) == 0)
            {
                break;
            }
        }

        return entries;
    }

    /// <summary>Ends the topic: nothing is published to it any more, and its consumers are told when they have had all.</summary>
    /// <returns>The last entry.</returns>
    /// <exception cref="ProblemException"><c>invalid-request</c>: it keeps no messages; <c>topic-moved</c>, <c>ledgers-unavailable</c>.</exception>
    public async ValueTask<Position> TerminateAsync(CancellationToken cancellation)
    {
        var log = Log ?? throw new ProblemException(KnownProblems.InvalidRequest($"'{Name}' keeps no messages: it has no end."));
        ThrowIfClosing();
        try
        {
            var last = await log.TerminateAsync(cancellation);
            await _producers.CloseAsync(CloseReason.Moved, KnownProblems.TopicTerminated($"'{Name}' is terminated: nothing is published to it any more."));
            Subscriptions.Terminated();
            return last;
        }
        catch (Exception e) when (e is MetadataConflictException or LedgerStoreException)
        {
            GiveUp(e);
            throw new ProblemException(Explain(e), e);
        }
    }

    /// <summary>Takes it out of memory; producers and consumers come again, and it is opened then.</summary>
    public async ValueTask UnloadAsync(CancellationToken cancellation) => await CloseAsync(CloseReason.Moved).WaitAsync(cancellation);

    /// <summary>Somebody uses it.</summary>
    internal void Touch() => Volatile.Write(ref _usedAt, _services.Time.GetTimestamp());

    /// <summary>Other policies hold from now on.</summary>
    internal void Apply(TopicPolicies policies)
    {
        var before = Policies;
        Policies = policies;
        Rate.Limit = policies.PublishRate;
        if (DispatchOf(before) != DispatchOf(policies))
        {
            Subscriptions.Apply(DispatchOf(policies));
        }

        if (Log is not null && before.Deduplication != policies.Deduplication)
        {
            // How far producers have come is learnt by opening the topic.
            BeginClose(CloseReason.Moved);
        }
    }

    internal async ValueTask SetProducerEpochAsync(long epoch, CancellationToken cancellation)
    {
        if (Log is { } log)
        {
            await log.ChangeAsync(record => record.ProducerEpoch == epoch ? record : record with { ProducerEpoch = epoch }, cancellation);
        }
        else
        {
            _producerEpoch = epoch;
        }
    }

    /// <summary>Whether an entry is taken; null when it is.</summary>
    internal Problem? Examine(PendingPublish publish)
    {
        var limit = Policies.MaxMessageBytes!.Value;
        return publish.Data.Length > limit
            ? KnownProblems.MessageTooLarge(string.Create(CultureInfo.InvariantCulture, $"The message has {publish.Data.Length} bytes with its metadata; '{Name}' takes at most {limit}."))
            : Hold;
    }

    internal void Append(PendingPublish publish)
    {
        if (Log is { } log)
        {
            log.Append(publish);
            return;
        }

        var position = new Position(0, Interlocked.Increment(ref _published) - 1);
        Subscriptions.Publish(position, publish.Data);
        publish.Producer!.Appended(publish, position);
    }

    internal void Detach(Producer producer)
    {
        _producers.Leave(producer);
        Touch();
    }

    /// <summary>What a failure of the log means to who publishes.</summary>
    internal Problem Explain(Exception failure) => failure switch
    {
        LogClosedException { IsTerminated: true } => KnownProblems.TopicTerminated($"'{Name}' is terminated: nothing is published to it any more."),
        LogClosedException => Closing(),
        LedgerFencedException or MetadataConflictException => KnownProblems.TopicMoved($"'{Name}' was taken over by another node.", _broker.OwnerOf(Name)),
        ProblemException known => known.Problem,
        { InnerException: ProblemException known } => known.Problem,
        LedgerStoreException => KnownProblems.LedgersUnavailable($"'{Name}': {failure.Message}"),
        _ => KnownProblems.Internal($"'{Name}': {failure.Message}"),
    };

    /// <summary>The topic is not this node's any more, or cannot go on: it leaves the memory as it is.</summary>
    internal void GiveUp(Exception failure)
    {
        if (!IsClosing)
        {
            LogGivenUp(_services.Logger, Name, failure.Message);
        }

        BeginClose(CloseReason.Moved);
    }

    /// <summary>Takes it out of memory; completes when it is, and does not fail.</summary>
    internal Task CloseAsync(CloseReason reason)
    {
        BeginClose(reason);
        return _closed!;
    }

    /// <summary>Begins to take it out of memory; the broker waits for the end of it.</summary>
    internal void BeginClose(CloseReason reason)
    {
        lock (_closing)
        {
            _closed ??= Task.Run(() => CloseNowAsync(reason));
        }
    }

    /// <summary>See <see cref="UnloadAsync"/>.</summary>
    async ValueTask IAsyncDisposable.DisposeAsync() => await CloseAsync(CloseReason.Moved);

    private async Task CloseNowAsync(CloseReason reason)
    {
        try
        {
            foreach (var producer in _producers.All)
            {
                producer.Refuse(Closing());
            }

            if (Log is { Failure: null or LogClosedException } log)
            {
                // What was handed over ends first, so that its publishers are told before their producers are closed.
                await log.CloseAsync(CancellationToken.None);
                if (reason != CloseReason.Deleted && Deduplication is { } deduplication)
                {
                    await deduplication.StoreAsync(CancellationToken.None);
                }
            }
        }
        catch (Exception e)
        {
            // It leaves the memory all the same: whoever opens it next recovers it.
            LogCloseFailed(_services.Logger, e, Name);
        }

        await CloseSubscriptionsAsync(reason);
        await _producers.CloseAsync(reason, Closing());
        if (Log is not null)
        {
            await Log.DisposeAsync();
        }

        Rate.Dispose();
        _producers.Dispose();
        _broker.Closed(this);
    }

    private async ValueTask CloseSubscriptionsAsync(CloseReason reason)
    {
        try
        {
            await Subscriptions.CloseAsync(reason);
        }
        catch (Exception e)
        {
            // What was acknowledged and could not be stored is delivered again.
            LogCloseFailed(_services.Logger, e, Name);
        }

        await Subscriptions.DisposeAsync();
    }

    private static DispatchOptions DispatchOf(TopicPolicies policies) => new()
    {
        MaxUnackedPerConsumer = policies.MaxUnackedPerConsumer!.Value,
        MaxUnackedPerSubscription = policies.MaxUnackedPerSubscription!.Value,
        DelaysDelivery = policies.DelayedDelivery!.Value,
        Rate = policies.DispatchRate is { } rate ? new DispatchRate(rate.Messages, rate.Bytes) : default,
    };

    private async ValueTask<int> ReadAsync(Position from, int entries, int bytes, List<LogEntry> into, CancellationToken cancellation)
    {
        try
        {
            return await Log!.ReadAsync(from, entries, bytes, into, cancellation);
        }
        catch (LedgerCorruptedException e)
        {
            throw new ProblemException(KnownProblems.LedgersCorrupted($"'{Name}': {e.Message}", "Restore the ledgers from a copy, or truncate the topic."), e);
        }
        catch (LedgerStoreException e)
        {
            throw new ProblemException(Explain(e), e);
        }
    }

    private void ThrowIfClosing()
    {
        if (IsClosing)
        {
            throw new ProblemException(Closing());
        }
    }

    internal Problem Closing() => _broker.IsMine(Name)
        ? KnownProblems.Unavailable($"'{Name}' is being closed on this node.", "Ask for the topic's owner and try again.")
        : KnownProblems.TopicMoved($"'{Name}' belongs to the node '{_broker.OwnerOf(Name)}' now.", _broker.OwnerOf(Name));

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} leaves this node's memory: {Reason}")]
    private static partial void LogGivenUp(ILogger logger, TopicName topic, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} was not closed cleanly; it is recovered when it is opened again.")]
    private static partial void LogCloseFailed(ILogger logger, Exception failure, TopicName topic);
}
