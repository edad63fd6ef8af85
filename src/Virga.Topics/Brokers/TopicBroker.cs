using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Logs;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Schemas;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <summary>
/// The topics of one node: those that it owns come into memory when they are asked for, and leave it when nobody uses them. It keeps nothing that is not in the ledgers and the metadata, so that another node can
/// take a topic over at any time; between two nodes that both think they own one, the metadata's conditional writes and the ledgers' fences decide.
/// </summary>
public sealed partial class TopicBroker : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TopicName, TopicSlot> _slots = new();
    private readonly ILedgerStore _ledgers;
    private readonly INodeLink _link;
    private readonly TimeProvider _time;
    private readonly TopicServices _services;
    private readonly TopicCatalogue _catalogue;
    private readonly TopicRemoval _removal;
    private readonly TopicUpkeep _upkeep;
    private readonly BrokerMetrics _metrics;
    private readonly string _producerPrefix;
    private TopicOwners _owners;
    private long _producers;
    private volatile bool _isStopping;

    /// <summary>A broker over a store of ledgers and their metadata, both open; it owns neither.</summary>
    public TopicBroker(ILedgerStore ledgers, ITopicMetadata metadata, INodeLink link, TopicBrokerOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        (_ledgers, _link, _time) = (ledgers, link, time);
        var logger = loggers.CreateLogger<TopicBroker>();
        var logs = new LogServices(ledgers, metadata, new TailCache(options.Logs.TailBytes), options.Logs, time, logger);
        _services = new TopicServices(logs, new PolicyBook(metadata, options.Policies, logger), new PublishMemory(options.MaxPendingBytes), options, time, new Random(), logger)
        {
            Offloader = ledgers is TieredLedgerStore tiers ? new TopicOffloader(tiers, logger) : null,
        };
        _catalogue = new TopicCatalogue(metadata, time);
        _removal = new TopicRemoval(this, _services, _catalogue, link);
        _upkeep = new TopicUpkeep(this, _services, _catalogue);
        _metrics = new BrokerMetrics(this, _services);
        _owners = new TopicOwners(link.View);

        // Made-up names differ between nodes and between runs, since deduplication goes by them.
        _producerPrefix = $"{options.Cluster}-{link.Self}-{time.GetUtcNow().ToUnixTimeMilliseconds().ToString("x", CultureInfo.InvariantCulture)}-";
    }

    /// <summary>Raised when a topic was made, grown or deleted, on this node or another; given as a whole. Handlers return at once.</summary>
    public event Action<TopicName>? Changed;

    /// <summary>The topics that are in memory.</summary>
    public IReadOnlyList<Topic> Open
    {
        get
        {
            var open = new List<Topic>();
            foreach (var (_, slot) in _slots)
            {
                if (slot.Topic is { IsClosing: false } topic)
                {
                    open.Add(topic);
                }
            }

            return open;
        }
    }

    /// <summary>This node.</summary>
    public NodeName Self => _link.Self;

    internal TopicServices Services => _services;

    /// <summary>How many topics are in memory, or are coming into it.</summary>
    internal int OpenCount => _slots.Count;

    /// <summary>Begins to serve.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        await _upkeep.PrepareAsync(cancellation);
        _link.Handle(NodeTopic.TopicAdmin, _removal.AnswerAsync);
        _link.Handle(NodeTopic.TopicsChanged, TakeChange);
        _link.ViewChanged += TakeView;
        TakeView(_link.View);
        _services.Offloader?.Start();
        _upkeep.Start();
    }

    /// <summary>Whether this node owns a topic or partition.</summary>
    public bool IsMine(TopicName topic) => OwnerOf(topic) == _link.Self;

    /// <summary>Which node owns a topic or partition, as this node sees the cluster. A partitioned topic as a whole has no owner.</summary>
    public NodeName OwnerOf(TopicName topic) => Volatile.Read(ref _owners).Of(topic);

    /// <summary>A topic or partition that this node owns; brings it into memory.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>topic-moved</c>: another node owns it; <c>invalid-request</c>: a partitioned topic was asked for as a whole; <c>unavailable</c>.</exception>
    public async ValueTask<Topic> GetAsync(TopicName topic, TopicCreation creation, CancellationToken cancellation)
    {
        while (true)
        {
            RequireOwned(topic);
            if (!_slots.TryGetValue(topic, out var slot))
            {
                var mine = new TopicSlot();
                slot = _slots.GetOrAdd(topic, mine);
                if (slot == mine)
                {
                    // Not broken off by who asked first: others wait for it too.
                    mine.Filling = FillAsync(topic, creation, mine);
                }
            }

            var opened = await slot.Opened.WaitAsync(cancellation);
            if (opened is null)
            {
                // Its place is free again, or will be in a moment; who may make the topic tries once more.
                if (creation == TopicCreation.Never || await IsRefusedAsync(topic, creation, cancellation))
                {
                    throw new ProblemException(KnownProblems.NotFound($"There is no topic '{topic}'.", "See `virga topic list`, or make it with `virga topic create`."));
                }

                await Task.Yield();
                continue;
            }

            if (!opened.IsClosing)
            {
                opened.Touch();
                return opened;
            }

            await opened.CloseAsync(CloseReason.Moved).WaitAsync(cancellation);
        }
    }

    /// <summary>How many partitions a topic has: 0 for one without, null where there is no such topic.</summary>
    public async ValueTask<int?> PartitionsAsync(TopicName whole, TopicCreation creation, CancellationToken cancellation)
    {
        if (whole.IsPartition)
        {
            return await PartitionsAsync(whole.Whole, TopicCreation.Never, cancellation) is { } count && whole.Partition < count ? 0 : null;
        }

        while (true)
        {
            if (await _catalogue.FindAsync(whole, cancellation) is { } found)
            {
                return found.Record.Partitions;
            }

            var policy = AutoCreationOf(whole, creation);
            if (!policy.IsAllowed)
            {
                return null;
            }

            if (await _catalogue.TryCreateAsync(whole, policy.Partitions, cancellation))
            {
                Announce(whole);
            }
        }
    }

    /// <summary>The versions of a topic's schema, wherever it is owned: they are the whole topic's, whether it has partitions or not.</summary>
    public SchemaBook SchemasOf(TopicName topic) => new(topic, _services.Metadata, _services.Time);

    /// <summary>Makes a topic.</summary>
    /// <param name="topic">As a whole.</param>
    /// <param name="partitions">How many partitions; 0 for none.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="ProblemException"><c>conflict</c>: it exists; <c>invalid-request</c>.</exception>
    public async ValueTask CreateAsync(TopicName topic, int partitions, CancellationToken cancellation)
    {
        RequireWhole(topic);
        if (!await _catalogue.TryCreateAsync(topic, partitions, cancellation))
        {
            throw new ProblemException(KnownProblems.Conflict($"The topic '{topic}' exists.", "Use another name, or delete it first."));
        }

        Announce(topic);
    }

    /// <summary>Gives a partitioned topic more partitions.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>conflict</c>: it has no partitions, or more than that.</exception>
    public async ValueTask GrowAsync(TopicName topic, int partitions, CancellationToken cancellation)
    {
        RequireWhole(topic);
        await _catalogue.GrowAsync(topic, partitions, cancellation);
        Announce(topic);
    }

    /// <summary>Deletes a topic with all its partitions, messages and subscriptions.</summary>
    /// <param name="topic">As a whole.</param>
    /// <param name="force">Also while somebody is connected.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>conflict</c>: somebody is connected; <c>topic-moved</c>: its owner cannot be reached.</exception>
    public async ValueTask DeleteAsync(TopicName topic, bool force, CancellationToken cancellation)
    {
        RequireWhole(topic);
        await _removal.DeleteAsync(topic, force, cancellation);
        Announce(topic);
    }

    /// <summary>Topics of a namespace, as wholes.</summary>
    /// <param name="tenant">The tenant; Pulsar's <c>public</c> is <c>default</c>.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="after">Only those behind this one; null from the beginning.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellation">Breaks off.</param>
    public ValueTask<TopicListing> ListAsync(string tenant, string ns, string? after, int limit, CancellationToken cancellation) => _catalogue.ListAsync(tenant, ns, after, limit, cancellation);

    /// <summary>The tenants that have topics or policies.</summary>
    public ValueTask<IReadOnlyList<string>> TenantsAsync(CancellationToken cancellation) => _catalogue.TenantsAsync(cancellation);

    /// <summary>The namespaces of a tenant that have topics or policies.</summary>
    public ValueTask<IReadOnlyList<string>> NamespacesAsync(string tenant, CancellationToken cancellation) => _catalogue.NamespacesAsync(tenant, cancellation);

    /// <summary>The policies that were said of a namespace or a topic.</summary>
    public ValueTask<PolicyVersion> PoliciesAsync(PolicyOwner of, CancellationToken cancellation) => _services.Policies.GetAsync(of, cancellation);

    /// <summary>The policies that hold for a topic.</summary>
    public ValueTask<TopicPolicies> EffectivePoliciesAsync(TopicName topic, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_services.Policies.Of(topic));
    }

    /// <summary>Sets the policies of a namespace or a topic, as a whole.</summary>
    /// <returns>Their new version.</returns>
    /// <exception cref="ProblemException"><c>stale-version</c>; <c>invalid-request</c>.</exception>
    public async ValueTask<long> SetPoliciesAsync(PolicyOwner of, TopicPolicies policies, long? version, CancellationToken cancellation)
    {
        await RequireKnownAsync(of, policies.ReplicationClusters ?? [], cancellation);
        var written = await _services.Policies.SetAsync(of, policies, version, cancellation);
        _upkeep.ApplyPolicies();
        Tell(TopicChange.Policies);
        return written;
    }

    /// <summary>Takes the policies of a namespace or a topic away: a namespace without topics is not listed any more.</summary>
    public async ValueTask RemovePoliciesAsync(PolicyOwner of, CancellationToken cancellation)
    {
        await _services.Policies.RemoveAsync(of, cancellation);
        _upkeep.ApplyPolicies();
        Tell(TopicChange.Policies);
    }

    /// <summary>Closes all topics: what was handed over is published first.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        _link.ViewChanged -= TakeView;
        await _upkeep.DisposeAsync();
        if (_services.Offloader is { } offloader)
        {
            await offloader.DisposeAsync();
        }

        await Parallel.ForEachAsync(
            _slots,
            new ParallelOptions { MaxDegreeOfParallelism = TopicUpkeep.AtOnce },
            async (held, _) =>
            {
                try
                {
                    if (await held.Value.Opened is { } topic)
                    {
                        await topic.CloseAsync(CloseReason.Moved);
                    }

                    await held.Value.Filling;
                }
                catch (Exception e)
                {
                    // Whoever asked for it was told that it could not be opened.
                    LogNotOpened(_services.Logger, e, held.Key);
                }
            });
        _services.Policies.Dispose();
        _metrics.Dispose();
    }

    /// <summary>One round of the upkeep, as its loop makes it.</summary>
    internal Task UpkeepAsync(TimeSpan passed, CancellationToken cancellation) => _upkeep.RoundAsync(passed, cancellation);

    /// <summary>Deletes what nobody uses any more: a topic, or what is in a partition.</summary>
    internal async ValueTask RemoveAsync(TopicName topic, CancellationToken cancellation)
    {
        await _removal.DeleteHereAsync(topic, cancellation);
        Announce(topic.Whole);
    }

    internal long NextProducer() => Interlocked.Increment(ref _producers);

    internal string NameProducer(long id) => _producerPrefix + id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A topic has left the memory.</summary>
    internal void Closed(Topic topic)
    {
        if (_slots.TryGetValue(topic.Name, out var slot) && slot.Topic == topic)
        {
            _slots.TryRemove(new KeyValuePair<TopicName, TopicSlot>(topic.Name, slot));
        }
    }

    /// <summary>The topic where it is in memory, or becomes so.</summary>
    internal async ValueTask<Topic?> FindAsync(TopicName name, CancellationToken cancellation) =>
        _slots.TryGetValue(name, out var slot) && await slot.Opened.WaitAsync(cancellation) is { IsClosing: false } topic ? topic : null;

    /// <summary>Keeps a topic out of memory until the slot is freed; null while it is in it.</summary>
    internal TopicSlot? Occupy(TopicName name)
    {
        var slot = new TopicSlot();
        return _slots.TryAdd(name, slot) ? slot : null;
    }

    /// <summary>Ends what <see cref="Occupy"/> began.</summary>
    internal void Vacate(TopicName name, TopicSlot slot)
    {
        _slots.TryRemove(new KeyValuePair<TopicName, TopicSlot>(name, slot));
        slot.Open(null);
    }

    private void RequireOwned(TopicName topic)
    {
        if (_isStopping)
        {
            throw new ProblemException(KnownProblems.Unavailable("The node is stopping.", "Ask for the topic's owner again."));
        }

        var owner = OwnerOf(topic);
        if (owner != _link.Self)
        {
            throw new ProblemException(KnownProblems.TopicMoved($"'{topic}' belongs to the node '{owner}'.", owner));
        }
    }

    private static void RequireWhole(TopicName topic)
    {
        if (topic.IsPartition)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"'{topic}' is a partition.", $"Name the topic as a whole: '{topic.Whole}'."));
        }
    }

    private void TakeView(ClusterView view)
    {
        Volatile.Write(ref _owners, new TopicOwners(view));
        foreach (var topic in Open)
        {
            if (!IsMine(topic.Name))
            {
                topic.BeginClose(CloseReason.Moved);
            }
        }
    }

    private void Announce(TopicName whole)
    {
        Changed?.Invoke(whole);
        Tell(TopicChange.Of(whole));
    }

    private void Tell(ReadOnlyMemory<byte> change)
    {
        foreach (var member in _link.View.Members)
        {
            if (member.Name != _link.Self)
            {
                _link.Post(member.Name, NodeTopic.TopicsChanged, change);
            }
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> TakeChange(NodeName sender, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        if (TopicChange.IsPolicies(body))
        {
            await _services.Policies.RefreshAsync(cancellation);
            _upkeep.ApplyPolicies();
        }
        else if (TopicChange.TryRead(body, out var topic))
        {
            Changed?.Invoke(topic);
        }

        return ReadOnlyMemory<byte>.Empty;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Topic} could not be opened before the node stopped.")]
    private static partial void LogNotOpened(ILogger logger, Exception failure, TopicName topic);
}
