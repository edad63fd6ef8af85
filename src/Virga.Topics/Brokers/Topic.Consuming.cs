using Virga.Core.Problems;
using Virga.Topics.Compaction;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <content>What consumers and readers ask of it.</content>
public sealed partial class Topic
{
    private const int ScanEntries = 100;
    private const int ScanBytes = 1 << 20;

    /// <summary>Attaches a consumer; makes the subscription where it is missing and the policies let it be made.</summary>
    /// <exception cref="ProblemException"><c>consumer-busy</c>, <c>subscription-type-mismatch</c>, <c>not-found</c>, <c>topic-moved</c> and others of <see cref="Subscription.Attach"/>.</exception>
    public async ValueTask<Consumer> SubscribeAsync(ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation)
    {
        RequireFree(options.Subscription);
        return await ReplicateAsync(options, sink, cancellation);
    }

    /// <summary>The subscriptions that it has, without those that replicate it.</summary>
    public IReadOnlyList<Subscription> ListSubscriptions() => [.. Subscriptions.List.Where(static subscription => !ReplicationCursor.IsOne(subscription.Name))];

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
        RequireFree(name);
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
        RequireFree(name);
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

    /// <summary>Attaches a consumer by whatever name.</summary>
    internal async ValueTask<Consumer> ReplicateAsync(ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation)
    {
        ThrowIfClosing();
        var consumer = await Subscriptions.AttachAsync(options, sink, cancellation);
        Touch();
        return consumer;
    }

    private static void RequireFree(SubscriptionName name)
    {
        if (ReplicationCursor.IsOne(name))
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"'{name}' is the name of what replicates the topic to another cluster.", "Use another name; the policy replicationClusters says where the topic is replicated to."));
        }
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
}
