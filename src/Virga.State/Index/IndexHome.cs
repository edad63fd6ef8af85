using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Binary;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Time;

namespace Virga.State.Index;

/// <summary>This node as the home of its part of all keys: takes what caches hold, and passes updates to exactly those.</summary>
internal sealed class IndexHome
{
    private readonly INodeLink _link;
    private readonly HybridClock _clock;
    private readonly TimeProvider _time;
    private readonly StateCacheOptions _options;
    private readonly Action<IReadOnlyList<KeyUpdate>> _deliver;
    private readonly Lock _lock = new();
    private readonly Dictionary<NodeName, UpdateOutbox> _outboxes = [];
    private ClusterView _view;

    /// <param name="link">Other nodes.</param>
    /// <param name="clock">This node's clock.</param>
    /// <param name="time">Time.</param>
    /// <param name="options">How long to wait for others.</param>
    /// <param name="deliver">Gives updates to this node's own cache.</param>
    public IndexHome(INodeLink link, HybridClock clock, TimeProvider time, StateCacheOptions options, Action<IReadOnlyList<KeyUpdate>> deliver)
    {
        _link = link;
        _clock = clock;
        _time = time;
        _options = options;
        _deliver = deliver;
        _view = link.View;

        // Epochs are compared for being the same, and no two runs of a node begin at the same reading.
        Index = new KeyIndex((long)clock.Now().Value);
    }

    public KeyIndex Index { get; }

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

    public ReadOnlyMemory<byte> Handle(NodeName from, ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        var head = IndexMessages.ReadHead(ref reader);
        _clock.Observe(head.Clock);
        switch (head.Operation)
        {
            case IndexOperation.Hold:
                return IndexMessages.Epoch(_clock.Now(), Index.Add(from, IndexMessages.ReadKeys(ref reader), head.Number));
            case IndexOperation.Drop:
                Index.Remove(from, IndexMessages.ReadKeys(ref reader), head.Number);
                return ReadOnlyMemory<byte>.Empty;
            case IndexOperation.Publish:
                Pass(from, IndexMessages.ReadUpdates(ref reader));
                return ReadOnlyMemory<byte>.Empty;
            case IndexOperation.Locate:
                return Locate(IndexMessages.ReadKeys(ref reader));
            default:
                throw new StateEncodingException($"There is no operation {(byte)head.Operation} of the key index.");
        }
    }

    private ReadOnlyMemory<byte> Locate(List<StateKey> keys)
    {
        var holders = new List<NodeName>[keys.Count];
        for (var i = 0; i < holders.Length; i++)
        {
            Index.HoldersOf(keys[i], holders[i] = []);
        }

        return IndexMessages.Holders(_clock.Now(), holders);
    }

    /// <summary>Passes updates to all caches that hold their keys, but for the one that they come from.</summary>
    public void Pass(NodeName from, IReadOnlyList<KeyUpdate> updates)
    {
        List<KeyUpdate>? own = null;
        var holders = new List<NodeName>();
        foreach (var update in updates)
        {
            holders.Clear();
            Index.HoldersOf(update.Key, holders);
            foreach (var holder in holders)
            {
                if (holder == from)
                {
                    continue;
                }

                if (holder == _link.Self)
                {
                    (own ??= []).Add(update);
                }
                else
                {
                    OutboxOf(holder).Add(update);
                }
            }
        }

        if (own is not null)
        {
            _deliver(own);
        }
    }

    /// <summary>Nodes that are gone, or were started anew, hold nothing.</summary>
    public void Follow(ClusterView view)
    {
        ClusterView before;
        lock (_lock)
        {
            before = _view;
            _view = view;
        }

        foreach (var member in before.Members)
        {
            if (view.Find(member.Name)?.Incarnation != member.Incarnation)
            {
                Index.Forget(member.Name);
            }
        }
    }

    private UpdateOutbox OutboxOf(NodeName node)
    {
        lock (_lock)
        {
            if (!_outboxes.TryGetValue(node, out var outbox))
            {
                // A holder that did not get an update must not go on as if it had: it learns by the new epoch, and compares all with the store.
                outbox = new UpdateOutbox(node, NodeTopic.StateUpdate, _link, _clock, _time, _options.Patience, (holder, _, _) => Index.Forget(holder));
                _outboxes[node] = outbox;
            }

            return outbox;
        }
    }
}
