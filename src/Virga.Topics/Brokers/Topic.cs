using System.Globalization;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Compaction;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Replication;
using Virga.Topics.Schemas;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <summary>
/// One topic, or one partition, that this node owns and has in memory. It leaves it when nobody uses it, when another node takes it over, and when its ledgers fail: producers and consumers are told and come
/// again. Keep no reference to one for longer than an operation; ask <see cref="TopicBroker.GetAsync"/> each time.
/// </summary>
public sealed partial class Topic : IAsyncDisposable
{
    // Clients hold their payloads, or chunks of them, against the limit, and add what they say of them: Pulsar's brokers allow so many bytes for that.
    private const int MetadataAllowance = 10 * 1024;

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
        Compactor = log is null ? null : new TopicCompaction(log, services.Logs);
        Subscriptions = new TopicSubscriptions(
            this,
            new SubscriptionContext(name, log ?? (ITopicLog)NoLog.Instance, services.Metadata, services.Time, services.Logger, new Random(), DispatchOf(policies))
            {
                Compacted = Compactor?.View,
                CursorLost = () => GiveUp(new MetadataConflictException($"A cursor of '{name}'", 0)),
            },
            keepsMessages: log is not null);
        Replication = new TopicReplication(this, services.Options);
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

    /// <summary>Its replication to other clusters.</summary>
    public TopicReplication Replication { get; }

    /// <summary>Whether it is leaving this node's memory: whoever needs it asks the broker again.</summary>
    public bool IsClosing => Volatile.Read(ref _closed) is not null;

    /// <summary>Whether somebody is connected, or another cluster is still to get something of it.</summary>
    public bool IsInUse => _producers.Count > 0 || Subscriptions.AreInUse;

    /// <summary>Whether somebody is connected whom its deletion would take by surprise: not a producer that a node keeps for whoever publishes next and that has nothing to publish.</summary>
    internal bool IsHeld => Subscriptions.AreInUse || Array.Exists(_producers.All, static producer => !producer.Options.IsPassing || producer.PendingBytes > 0);

    /// <summary>When it came into memory.</summary>
    public DateTimeOffset OpenedAt { get; }

    /// <summary>Its entries; null for one that keeps nothing.</summary>
    internal TopicLog? Log { get; }

    internal Deduplication? Deduplication { get; }

    internal TopicSubscriptions Subscriptions { get; }

    internal TopicCompaction? Compactor { get; }

    /// <summary>What happens to it as time goes by.</summary>
    internal TopicCare Upkeep { get; }

    internal ProducerGate Producers => _producers;

    internal PublishRate Rate { get; }

    /// <summary>What is published to it.</summary>
    internal PublishMeter Meter { get; } = new();

    /// <summary>What is delivered from it.</summary>
    internal PublishMeter Delivered { get; } = new();

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

    /// <summary>Somebody uses it.</summary>
    internal void Touch() => Volatile.Write(ref _usedAt, _services.Time.GetTimestamp());

    /// <summary>Other policies hold from now on.</summary>
    internal void Apply(TopicPolicies policies)
    {
        var before = Policies;
        if (before == policies)
        {
            return;
        }

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
        return publish.Data.Length > limit + MetadataAllowance
            ? KnownProblems.MessageTooLarge(string.Create(CultureInfo.InvariantCulture, $"The message has {publish.Data.Length} bytes with its metadata; '{Name}' takes at most {limit} without it."))
            : Hold;
    }

    internal void Append(PendingPublish publish)
    {
        Meter.Count(publish.Messages, publish.Data.Length);
        _services.Published.Count(publish.Messages, publish.Data.Length);
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

            await Upkeep.StopAsync();
            if (Compactor is not null)
            {
                await Compactor.DisposeAsync();
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

        try
        {
            await CloseSubscriptionsAsync(reason);
            await _producers.CloseAsync(reason, Closing());
            if (Log is not null)
            {
                await Log.DisposeAsync();
            }

            Upkeep.Dispose();
            Rate.Dispose();
            _producers.Dispose();
        }
        catch (Exception e)
        {
            LogCloseFailed(_services.Logger, e, Name);
        }

        // Whatever went wrong: while the broker holds its place, nobody can open it again.
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
