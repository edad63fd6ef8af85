using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Time;

namespace Virga.State.Index;

/// <summary>
/// The key index as a cache sees it: tells the homes what it holds, gives them what it has stored, and notices when a home no longer knows about it. What has to
/// be told anew, and then compared with the store, it leaves to <see cref="CacheKeeper"/>.
/// </summary>
internal sealed class IndexClient
{
    // What is forgotten above these while homes move is found by comparing with the store, later.
    private const int MostPublished = 65_536;
    private const long MostPublishedBytes = 32 << 20;

    private readonly INodeLink _link;
    private readonly HybridClock _clock;
    private readonly TimeProvider _time;
    private readonly StateCacheOptions _options;
    private readonly IndexHome _home;
    private readonly CacheTable _table;
    private readonly Lock _lock = new();
    private readonly Dictionary<NodeName, HomeContact> _contacts = [];
    private readonly Dictionary<NodeName, UpdateOutbox> _outboxes = [];
    private readonly Queue<Published> _published = new();
    private readonly List<KeyUpdate> _undelivered = [];
    private ClusterView _view;
    private KeyHomes _homes;
    private long _number;
    private bool _needsRepair;
    private long _publishedBytes;

    public IndexClient(INodeLink link, HybridClock clock, TimeProvider time, StateCacheOptions options, IndexHome home, CacheTable table)
    {
        _link = link;
        _clock = clock;
        _time = time;
        _options = options;
        _home = home;
        _table = table;
        _view = link.View;
        _homes = new KeyHomes(link.View);
    }

    /// <summary>Something is held that its home may not know of; reading it answers and forgets that.</summary>
    public bool TakeNeedsRepair() => Interlocked.Exchange(ref _needsRepair, false);

    /// <summary>There is something to repair.</summary>
    public void AskForRepair() => Volatile.Write(ref _needsRepair, true);

    /// <summary>Memory of what would be published again if homes moved now, in bytes.</summary>
    public long PublishedBytes
    {
        get
        {
            lock (_lock)
            {
                return _publishedBytes;
            }
        }
    }

    /// <summary>Messages that are on the wire now.</summary>
    public Task Work
    {
        get
        {
            lock (_lock)
            {
                return Task.WhenAll(_outboxes.Values.Select(static box => box.Work).ToArray());
            }
        }
    }

    /// <summary>Whether an entry's home knows that it is held here.</summary>
    public bool IsHeld(CacheEntry entry)
    {
        if (entry.Hold is not { } hold)
        {
            return false;
        }

        lock (_lock)
        {
            return hold.Node == _homes.Of(entry.Key) && ReferenceEquals(hold, _contacts.GetValueOrDefault(hold.Node));
        }
    }

    /// <summary>
    /// Tells the homes that entries are held; completes when they know. From then on no update of these is missed, so that the store may be read. An entry whose
    /// home does not answer stays without a hold, and is served all the same: it is told again until the home knows, and then compared with the store.
    /// </summary>
    public async ValueTask HoldAsync(IReadOnlyList<CacheEntry> entries, CancellationToken cancellation)
    {
        var byHome = new List<(NodeName Home, List<CacheEntry> Entries)>();
        var homes = Volatile.Read(ref _homes);
        foreach (var entry in entries)
        {
            var home = homes.Of(entry.Key);
            var at = byHome.FindIndex(group => group.Home == home);
            if (at < 0)
            {
                byHome.Add((home, [entry]));
            }
            else
            {
                byHome[at].Entries.Add(entry);
            }
        }

        if (byHome.Count == 1)
        {
            await HoldAsync(byHome[0].Home, byHome[0].Entries, cancellation);
            return;
        }

        await Task.WhenAll(byHome.Select(group => HoldAsync(group.Home, group.Entries, cancellation)));
    }

    /// <summary>Entries were evicted.</summary>
    public void Drop(IReadOnlyList<CacheEntry> entries)
    {
        foreach (var group in entries.Where(static entry => entry.Hold is not null).GroupBy(static entry => entry.Hold!.Node))
        {
            Drop(group.Key, group.Select(static entry => entry.Key));
        }
    }

    /// <summary>Keys that an update came for although they are not held.</summary>
    public void Drop(IReadOnlyList<StateKey> keys)
    {
        var homes = Volatile.Read(ref _homes);
        foreach (var group in keys.GroupBy(homes.Of))
        {
            Drop(group.Key, group);
        }
    }

    /// <summary>What is shown of keys may lack an update: their holds are void, so that they are compared with the store.</summary>
    public void Doubt(IReadOnlyList<StateKey> keys)
    {
        foreach (var key in keys)
        {
            if (_table.Find(key) is { } entry)
            {
                entry.Hold = null;
            }
        }

        AskForRepair();
    }

    /// <summary>Passes what is in the store now to the homes, and by them to all caches that hold it; again until they have it.</summary>
    public void Publish(IReadOnlyList<KeyUpdate> updates)
    {
        var homes = Volatile.Read(ref _homes);
        var now = _time.GetTimestamp();
        List<KeyUpdate>? own = null;
        foreach (var update in updates)
        {
            var home = homes.Of(update.Key);
            lock (_lock)
            {
                _published.Enqueue(new Published(update, home, now));
                _publishedBytes += update.Record.MemoryBytes;
                while (_published.Count > MostPublished || _publishedBytes > MostPublishedBytes)
                {
                    ForgetPublished();
                }
            }

            if (home == _link.Self)
            {
                (own ??= []).Add(update);
            }
            else
            {
                OutboxOf(home).Add(update);
            }
        }

        if (own is not null)
        {
            _home.Pass(_link.Self, own);
        }
    }

    /// <summary>
    /// The homes of keys may have moved: what they were told lately they are told again, for between two nodes' views of the cluster it may have gone astray. Where a node has ended,
    /// all holds are void, so that everything is compared with the store: that node may have stored something and not told of it any more.
    /// </summary>
    public void Follow(ClusterView view)
    {
        var homes = new KeyHomes(view);
        var moved = new List<KeyUpdate>();
        lock (_lock)
        {
            foreach (var published in _published)
            {
                if (homes.Of(published.Update.Key) != published.Home)
                {
                    moved.Add(published.Update);
                }
            }

            if (_view.Members.Any(member => view.Find(member.Name)?.Incarnation != member.Incarnation))
            {
                _contacts.Clear();
            }

            _view = view;

            Volatile.Write(ref _homes, homes);
        }

        AskForRepair();
        Publish(moved);
    }

    /// <summary>Asks all homes whether they still know what is held here, and gives them again what did not arrive.</summary>
    public async ValueTask BeatAsync(CancellationToken cancellation)
    {
        List<KeyUpdate> again;
        lock (_lock)
        {
            again = [.. _undelivered];
            _undelivered.Clear();
            while (_published.TryPeek(out var oldest) && _time.GetElapsedTime(oldest.At) > _options.RepublishFor)
            {
                ForgetPublished();
            }
        }

        Publish(again);
        await Task.WhenAll(_link.View.Members.Where(member => member.Name != _link.Self).Select(member => HoldAsync(member.Name, [], cancellation)));
    }

    private async Task HoldAsync(NodeName home, List<CacheEntry> entries, CancellationToken cancellation)
    {
        var number = Interlocked.Increment(ref _number);
        var keys = entries.ConvertAll(static entry => entry.Key);
        long epoch;
        if (home == _link.Self)
        {
            epoch = _home.Index.Add(home, keys, number);
        }
        else
        {
            try
            {
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                using var patience = new CancellationTokenSource(_options.Patience, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, patience.Token);
                var answer = await _link.AskAsync(home, NodeTopic.StateIndex, IndexMessages.Keys(IndexOperation.Hold, _clock.Now(), number, keys), both.Token);
                (var clock, epoch) = IndexMessages.ReadEpoch(answer.Span);
                _clock.Observe(clock);
            }
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                // Its epoch tells later whether it had forgotten anything.
                if (entries.Count > 0)
                {
                    AskForRepair();
                }

                return;
            }
        }

        var contact = ContactOf(home, epoch);
        foreach (var entry in entries)
        {
            entry.Hold = contact;
        }
    }

    private HomeContact ContactOf(NodeName home, long epoch)
    {
        lock (_lock)
        {
            var known = _contacts.GetValueOrDefault(home);
            if (known?.Epoch == epoch)
            {
                return known;
            }

            // The first contact voids nothing.
            if (known is not null)
            {
                AskForRepair();
            }

            return _contacts[home] = new HomeContact(home, epoch);
        }
    }

    private void Drop(NodeName home, IEnumerable<StateKey> dropped)
    {
        // First the number, then the look: a key that comes back after it is held under a greater one, which this does not undo.
        var number = Interlocked.Increment(ref _number);
        var keys = dropped.Where(key => _table.Find(key) is null).ToList();
        if (home == _link.Self)
        {
            _home.Index.Remove(home, keys, number);
        }
        else
        {
            _link.Post(home, NodeTopic.StateIndex, IndexMessages.Keys(IndexOperation.Drop, _clock.Now(), number, keys));
        }
    }

    // Under the lock.
    private void ForgetPublished() => _publishedBytes -= _published.Dequeue().Update.Record.MemoryBytes;

    private UpdateOutbox OutboxOf(NodeName node)
    {
        lock (_lock)
        {
            if (!_outboxes.TryGetValue(node, out var outbox))
            {
                outbox = new UpdateOutbox(node, NodeTopic.StateIndex, _link, _clock, _time, _options.Patience, (_, updates, _) => KeepUndelivered(updates));
                _outboxes[node] = outbox;
            }

            return outbox;
        }
    }

    private void KeepUndelivered(IReadOnlyList<KeyUpdate> updates)
    {
        lock (_lock)
        {
            _undelivered.AddRange(updates);
        }
    }

    private readonly record struct Published(KeyUpdate Update, NodeName Home, long At);
}
