using Virga.Core.Problems;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Brokers;

/// <summary>The subscriptions of one topic: all that are stored are open while the topic is, since what they have not acknowledged is kept for them.</summary>
internal sealed class TopicSubscriptions : IAsyncDisposable
{
    private const int PageSize = 1000;

    private readonly Topic _topic;
    private readonly SubscriptionContext? _context;
    private readonly SubscriptionContext _direct;

    // Whoever makes or removes one has it; readers take the array as it is.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Subscription[] _all = [];
    private bool _isClosed;

    /// <param name="topic">Of which topic.</param>
    /// <param name="context">What they share; without a log for a topic that keeps nothing.</param>
    /// <param name="keepsMessages">Whether the topic does.</param>
    public TopicSubscriptions(Topic topic, SubscriptionContext context, bool keepsMessages) => (_topic, _direct, _context) = (topic, context, keepsMessages ? context : null);

    /// <summary>As they are now.</summary>
    public ReadOnlySpan<Subscription> All => Volatile.Read(ref _all);

    /// <summary>The same, where it is kept across a wait.</summary>
    public IReadOnlyList<Subscription> List => Volatile.Read(ref _all);

    /// <summary>Whether anybody is connected, or another cluster is still to get something: the latter whether it can be reached or not.</summary>
    public bool AreInUse
    {
        get
        {
            foreach (var subscription in All)
            {
                if (ReplicationCursor.IsOne(subscription.Name) ? subscription.Backlog > 0 : subscription.HasConsumers)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether there is one that does not replicate the topic.</summary>
    public bool AnyOfUsers
    {
        get
        {
            foreach (var subscription in All)
            {
                if (!ReplicationCursor.IsOne(subscription.Name))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Everybody has durably acknowledged all up to here; behind everything where there is nobody.</summary>
    public Position Acknowledged
    {
        get
        {
            var least = Position.Latest;
            foreach (var subscription in All)
            {
                var mark = subscription.Forgettable;
                least = mark < least ? mark : least;
            }

            return least;
        }
    }

    /// <summary>Opens those that are stored; before anybody uses the topic.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        if (_context is not { } context)
        {
            return;
        }

        var prefix = CursorRecord.PrefixOf(_topic.Name);
        var opened = new List<Subscription>();
        string? after = null;
        while (true)
        {
            var page = await context.Metadata.ListAsync(prefix, after, PageSize, cancellation);
            foreach (var (key, _) in page)
            {
                after = key;
                if (SubscriptionName.TryParse(Uri.UnescapeDataString(key[prefix.Length..]), out var name))
                {
                    opened.Add(await CursorSubscription.OpenAsync(context, name, null, cancellation));
                }
            }

            if (page.Count < PageSize)
            {
                break;
            }
        }

        Volatile.Write(ref _all, [.. opened]);
        if (_topic.IsTerminated)
        {
            Terminated();
        }
    }

    public Subscription? Find(SubscriptionName name)
    {
        foreach (var subscription in All)
        {
            if (subscription.Name == name)
            {
                return subscription;
            }
        }

        return null;
    }

    /// <summary>Attaches a consumer; makes the subscription where it is missing.</summary>
    public async ValueTask<Consumer> AttachAsync(ConsumerOptions options, IConsumerSink sink, CancellationToken cancellation)
    {
        var policies = _topic.Policies;
        if (!ReplicationCursor.IsOne(options.Subscription))
        {
            RequireRoom(options, policies);
        }

        await _turn.WaitAsync(cancellation);
        try
        {
            ThrowIfClosed();
            var found = Find(options.Subscription);
            if (found is { IsDurable: false, HasConsumers: false } && _context is not null)
            {
                // What a reader has left begins where the next reader says.
                await RemoveAsync(found);
                found = null;
            }

            found ??= await AddAsync(options, policies, (policies.AutoSubscriptionCreation != false && !ReplicationCursor.IsOne(options.Subscription)) || !options.IsDurable, cancellation);
            return found.Attach(options, sink);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Makes a subscription.</summary>
    /// <exception cref="ProblemException"><c>conflict</c>: it exists.</exception>
    public async ValueTask CreateAsync(ConsumerOptions options, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            ThrowIfClosed();
            if (Find(options.Subscription) is not null)
            {
                throw new ProblemException(KnownProblems.Conflict($"'{_topic.Name}' has a subscription '{options.Subscription}' already.", "Use another name, or seek in that one."));
            }

            await AddAsync(options, _topic.Policies, isAllowed: true, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Makes a subscription where it is missing, whatever the policies allow.</summary>
    public async ValueTask EnsureAsync(ConsumerOptions options, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            ThrowIfClosed();
            if (Find(options.Subscription) is null)
            {
                await AddAsync(options, _topic.Policies, isAllowed: true, cancellation);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Removes a subscription with its place.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>conflict</c>: it has consumers.</exception>
    public async ValueTask DeleteAsync(SubscriptionName name, bool force, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            ThrowIfClosed();
            var found = Find(name) ?? throw new ProblemException(KnownProblems.NotFound($"'{_topic.Name}' has no subscription '{name}'.", "See `virga topic stats`."));
            if (found.HasConsumers && !force)
            {
                throw new ProblemException(KnownProblems.Conflict($"The subscription '{name}' of '{_topic.Name}' has consumers.", "Disconnect them, or remove it with force."));
            }

            await found.DeleteAsync(cancellation);
            Volatile.Write(ref _all, [.. List.Where(other => other != found)]);
            await found.DisposeAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Removes what readers have left, and, with an age, subscriptions that nobody has used for so long.</summary>
    public async ValueTask ExpireAsync(TimeSpan? unusedFor, DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var subscription in List)
        {
            if (subscription.HasConsumers || _context is null)
            {
                continue;
            }

            if (!subscription.IsDurable)
            {
                await _turn.WaitAsync(cancellation);
                try
                {
                    if (!subscription.HasConsumers && Find(subscription.Name) == subscription)
                    {
                        await RemoveAsync(subscription);
                    }
                }
                finally
                {
                    _turn.Release();
                }
            }
            else if (unusedFor is { } age && !ReplicationCursor.IsOne(subscription.Name) && now - UsedAt(subscription) > age)
            {
                await DeleteAsync(subscription.Name, force: false, cancellation);
            }
        }
    }

    /// <summary>The log has new entries.</summary>
    public void Appended()
    {
        foreach (var subscription in All)
        {
            subscription.Appended();
        }
    }

    /// <summary>An entry of a topic that keeps nothing.</summary>
    public void Publish(Position position, ReadOnlyMemory<byte> data)
    {
        foreach (var subscription in All)
        {
            ((DirectSubscription)subscription).Publish(position, data);
        }
    }

    /// <summary>Nothing is published any more.</summary>
    public void Terminated()
    {
        foreach (var subscription in All)
        {
            subscription.Terminated();
        }
    }

    /// <summary>Other policies hold.</summary>
    public void Apply(DispatchOptions options)
    {
        foreach (var subscription in All)
        {
            subscription.Apply(options);
        }
    }

    /// <summary>Closes all here, or, with the topic, for good.</summary>
    public async ValueTask CloseAsync(CloseReason reason)
    {
        await _turn.WaitAsync();
        try
        {
            _isClosed = true;
            foreach (var subscription in List)
            {
                if (reason == CloseReason.Deleted)
                {
                    await subscription.DeleteAsync(CancellationToken.None);
                }

                await subscription.DisposeAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync(CloseReason.Moved);
        _turn.Dispose();
    }

    private DateTimeOffset UsedAt(Subscription subscription)
    {
        var figures = subscription.Figures();
        var used = figures.AcknowledgedAt > figures.DeliveredAt ? figures.AcknowledgedAt : figures.DeliveredAt ?? figures.AcknowledgedAt;
        return used > _topic.OpenedAt ? used.Value : _topic.OpenedAt;
    }

    // Under the turn.
    private async ValueTask<Subscription> AddAsync(ConsumerOptions options, TopicPolicies policies, bool isAllowed, CancellationToken cancellation)
    {
        var name = options.Subscription;
        if (!isAllowed)
        {
            throw new ProblemException(KnownProblems.NotFound($"'{_topic.Name}' has no subscription '{name}', and its policies do not let one be made by subscribing.", "Make it first, or allow autoSubscriptionCreation."));
        }

        if (policies.MaxSubscriptions > 0 && !ReplicationCursor.IsOne(name) && List.Count(static other => !ReplicationCursor.IsOne(other.Name)) >= policies.MaxSubscriptions)
        {
            throw new ProblemException(KnownProblems.ConsumerBusy($"'{_topic.Name}' has {List.Count} subscriptions already, as many as its policies allow."));
        }

        Subscription added;
        if (_context is null)
        {
            added = new DirectSubscription(_direct, name);
        }
        else
        {
            try
            {
                added = await CursorSubscription.OpenAsync(_context, name, options, cancellation);
            }
            catch (MetadataConflictException e)
            {
                // Only the owner of the topic makes cursors.
                _topic.GiveUp(e);
                throw new ProblemException(_topic.Explain(e), e);
            }
        }

        Volatile.Write(ref _all, [.. List, added]);
        if (_topic.IsTerminated)
        {
            added.Terminated();
        }

        return added;
    }

    // Under the turn.
    private async ValueTask RemoveAsync(Subscription subscription)
    {
        Volatile.Write(ref _all, [.. List.Where(other => other != subscription)]);
        await subscription.DisposeAsync();
    }

    private void RequireRoom(ConsumerOptions options, TopicPolicies policies)
    {
        if (policies.MaxConsumersPerSubscription > 0 && Find(options.Subscription) is { } subscription && subscription.Figures().Consumers.Count >= policies.MaxConsumersPerSubscription)
        {
            throw new ProblemException(KnownProblems.ConsumerBusy($"The subscription '{options.Subscription}' of '{_topic.Name}' has {policies.MaxConsumersPerSubscription} consumers already, as many as its policies allow."));
        }

        if (policies.MaxConsumers > 0 && List.Where(static each => !ReplicationCursor.IsOne(each.Name)).Sum(static each => each.Figures().Consumers.Count) >= policies.MaxConsumers)
        {
            throw new ProblemException(KnownProblems.ConsumerBusy($"'{_topic.Name}' has {policies.MaxConsumers} consumers already, as many as its policies allow."));
        }
    }

    private void ThrowIfClosed()
    {
        if (_isClosed)
        {
            throw new ProblemException(_topic.Closing());
        }
    }
}
