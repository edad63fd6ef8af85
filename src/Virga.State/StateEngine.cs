using System.Security.Cryptography;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;
using Virga.State.Caches;
using Virga.State.Index;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Sessions;
using Virga.State.Stores;
using Virga.State.Time;

namespace Virga.State;

/// <summary>Shared state as functions use it: reads and writes, each within its session.</summary>
public sealed class StateEngine : IAsyncDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly IStateReplica _replica;
    private readonly TimeProvider _time;
    private readonly INodeLink _link;
    private readonly HybridClock _clock;
    private readonly SessionOptions _options;
    private readonly Func<SessionId> _newSession;
    private readonly SnapshotTable _snapshots;
    private readonly UpstreamCaches _upstream;
    private readonly RepeatableReads _repeatable;
    private readonly CausalReads _causal;
    private readonly ITimer _sweep;

    /// <summary>Makes an engine, which owns its replica from then on.</summary>
    /// <param name="replica">Shared state as this node sees it.</param>
    /// <param name="time">Time.</param>
    /// <param name="link">The other nodes; null for a node alone.</param>
    /// <param name="clock">The node's hybrid clock; null for one of the engine's own.</param>
    /// <param name="options">How long sessions wait.</param>
    /// <param name="newSession">Gives ids that cannot be guessed and never come twice; null for random ones.</param>
    public StateEngine(IStateReplica replica, TimeProvider time, INodeLink? link = null, HybridClock? clock = null, SessionOptions? options = null, Func<SessionId>? newSession = null)
    {
        _replica = replica;
        _time = time;
        _link = link ?? new SingleNodeLink(NodeName.Single);
        _clock = clock ?? new HybridClock(time);
        _options = options ?? new SessionOptions();
        _newSession = newSession ?? RandomSession;
        _snapshots = new SnapshotTable(time, _options.SnapshotLife);
        _upstream = new UpstreamCaches(replica, _snapshots, _link, time, _options);
        _repeatable = new RepeatableReads(replica, _upstream, _snapshots, _clock, _link.Self, Live);
        _causal = new CausalReads(replica, _upstream, time, _options, Live);
        _sweep = time.CreateTimer(static table => ((SnapshotTable)table!).DropForgotten(), _snapshots, SweepEvery, SweepEvery);
    }

    /// <summary>The node's own view, without sessions.</summary>
    public IStateReplica Replica => _replica;

    /// <summary>Sessions for which this node keeps versions.</summary>
    public int KeptSessions => _snapshots.Count;

    /// <summary>Reads from what this node has in memory, where the session allows that.</summary>
    /// <param name="session">The session; null for <see cref="Consistency.Lww"/>.</param>
    /// <param name="key">The key.</param>
    /// <param name="record">What the key holds, when it exists; else null.</param>
    /// <returns>False when <see cref="ReadAsync"/> has to look elsewhere.</returns>
    public bool TryRead(StateSession? session, StateKey key, out StateRecord? record)
    {
        if (session is not null && session.Covers(key))
        {
            switch (session.Consistency)
            {
                case Consistency.RepeatableRead:
                    return _repeatable.TryRead(session, key, out record);
                case Consistency.MultiKey or Consistency.Causal:
                    return _causal.TryRead(session, key, out record);
                default:
                    break;
            }
        }

        if (!_replica.TryRead(key, out record))
        {
            return false;
        }

        record = Live(record);
        return true;
    }

    /// <summary>Reads a key; null when it does not exist.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>state-unavailable</c>.</exception>
    /// <exception cref="SessionLostException">A version that the session has read is gone: the session must start again.</exception>
    public async ValueTask<StateRecord?> ReadAsync(StateSession? session, StateKey key, CancellationToken cancellation) => LevelOf(session, key) switch
    {
        Consistency.RepeatableRead => await _repeatable.ReadAsync(session!, key, cancellation),
        Consistency.MultiKey or Consistency.Causal => await _causal.ReadAsync(session!, key, cancellation),
        _ => Live(await _replica.ReadAsync(key, cancellation)),
    };

    /// <summary>Carries out a mutation; completes when it is as durable as the node promises.</summary>
    /// <returns>What the key holds then.</returns>
    /// <exception cref="Core.Problems.ProblemException">What the mutation refuses; <c>state-unavailable</c>, <c>state-overloaded</c>, <c>storage-full</c>.</exception>
    /// <exception cref="SessionLostException">Something that the session has seen, and on which the write would depend, is gone.</exception>
    public ValueTask<StateRecord> ApplyAsync(StateSession? session, StateKey key, StateMutation mutation, CancellationToken cancellation) => LevelOf(session, key) switch
    {
        Consistency.RepeatableRead => _repeatable.ApplyAsync(session!, key, mutation, cancellation),
        Consistency.SingleKey => _replica.ApplyAsync(key, mutation, Causality.NoDependencies, cancellation),
        Consistency.MultiKey or Consistency.Causal => _causal.ApplyAsync(session!, key, mutation, cancellation),
        _ => _replica.ApplyAsync(key, mutation, null, cancellation),
    };

    /// <summary>Carries out a mutation if a condition holds at the store.</summary>
    /// <exception cref="Core.Problems.ProblemException">As above.</exception>
    /// <exception cref="SessionLostException">As above.</exception>
    public ValueTask<(bool Held, StateRecord? Record)> ApplyIfAsync(StateSession? session, StateKey key, StateCondition condition, StateMutation mutation, CancellationToken cancellation) =>
        LevelOf(session, key) switch
        {
            Consistency.RepeatableRead => _repeatable.ApplyIfAsync(session!, key, condition, mutation, cancellation),
            Consistency.SingleKey => _replica.ApplyIfAsync(key, condition, new DependentMutation(mutation, Causality.NoDependencies), cancellation),
            Consistency.MultiKey or Consistency.Causal => _causal.ApplyIfAsync(session!, key, condition, mutation, cancellation),
            _ => _replica.ApplyIfAsync(key, condition, mutation, cancellation),
        };

    /// <summary>The nodes that are known to have a key in memory: a hint, which may be a moment old. Asks nobody; knows nothing on a node alone.</summary>
    public IReadOnlyList<NodeName> HoldersOf(StateKey key) => (_replica as IKeyHolders)?.HoldersOf(key) ?? [];

    /// <summary>
    /// Finds out who has keys in memory, for <see cref="HoldersOf"/>. Asks nobody when this node has them all, or has heard of them within a second; else waits a few milliseconds for
    /// the answer, and goes on without it when it comes later.
    /// </summary>
    public ValueTask LocateAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation)
    {
        if (_replica is IKeyHolders holders)
        {
            foreach (var key in keys)
            {
                if (!holders.IsHeldHere(key))
                {
                    return holders.LearnAsync(keys, cancellation);
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Begins a session; null for <see cref="Consistency.Lww"/>, which needs none.</summary>
    public StateSession? Begin(Consistency consistency) => consistency == Consistency.Lww ? null : new StateSession(_newSession(), consistency, _options.MostKeys);

    /// <summary>The session's chain of calls has ended: every node that keeps versions for it may forget them.</summary>
    public void End(StateSession session)
    {
        NodeName[] keepers;
        lock (session.Lock)
        {
            keepers = [.. session.Keepers];
        }

        foreach (var keeper in keepers)
        {
            _upstream.TellEnd(keeper, session.Id);
        }
    }

    /// <summary>What goes with a call to another node. From now on this node keeps the versions that the session has read here, until its end.</summary>
    public ReadOnlyMemory<byte> Export(StateSession session)
    {
        var incarnation = _upstream.IncarnationOf(_link.Self) ?? 0;
        lock (session.Lock)
        {
            if (session.Consistency == Consistency.RepeatableRead)
            {
                _repeatable.Keep(session, incarnation);
            }

            return SessionEncoding.Write(session, (key, seen) => WhoHas(session, key, seen, incarnation));
        }
    }

    /// <summary>The session as it came with a call from another node.</summary>
    /// <exception cref="Binary.StateEncodingException">The bytes are no session.</exception>
    public StateSession Import(Scope scope, ReadOnlySpan<byte> metadata)
    {
        var session = SessionEncoding.Read(scope, metadata, _options.MostKeys);
        foreach (var pin in session.Pins.Values)
        {
            _clock.Observe(pin.At);
        }

        return session;
    }

    /// <summary>Where several calls of one session meet: what any of them has seen, the session has seen.</summary>
    public StateSession Join(IReadOnlyList<StateSession> sessions) => SessionJoin.Of(sessions, _options.MostKeys);

    /// <summary>A call of the session on another node has ended there: what it has seen, the session has seen.</summary>
    /// <param name="session">The session here.</param>
    /// <param name="branch">It as it came back; not used any more.</param>
    public void Absorb(StateSession session, StateSession branch) => SessionJoin.Absorb(session, branch);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        await _replica.DisposeAsync();
    }

    private static SessionId RandomSession()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return new SessionId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(bytes));
    }

    private static Consistency LevelOf(StateSession? session, StateKey key) => session is not null && session.Covers(key) ? session.Consistency : Consistency.Lww;

    // Whoever has read a version here finds it here, or in the store once it is there; what came from elsewhere and was not needed here is still where it was.
    private IReadOnlyList<Upstream> WhoHas(StateSession session, string key, SeenVersion seen, long incarnation)
    {
        var state = new StateKey(session.Scope!.Value, key);
        if (_replica is not ICausalReplica cache || cache.IsStored(state))
        {
            return seen.Elsewhere ?? [];
        }

        return seen.Elsewhere is not { } elsewhere ? [new Upstream(_link.Self, incarnation, seen.Clock)]
            : _replica.TryRead(state, out var record) ? [.. elsewhere, new Upstream(_link.Self, incarnation, CacheEntry.ClockOf(record))]
            : elsewhere;
    }

    private StateRecord? Live(StateRecord? record) => record is not null && record.IsLive(_time.GetUtcNow().ToUnixTimeMilliseconds()) ? record : null;
}
