using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Sessions;
using Virga.State.Stores;

namespace Virga.State;

/// <summary>Shared state as functions use it: reads and writes, each within its session.</summary>
public sealed class StateEngine(IStateReplica replica, TimeProvider time) : IAsyncDisposable
{
    /// <summary>The node's own view, without sessions.</summary>
    public IStateReplica Replica => replica;

    /// <summary>Reads from what this node has in memory, where the session allows that.</summary>
    /// <param name="session">The session; null for <see cref="Consistency.Lww"/>.</param>
    /// <param name="key">The key.</param>
    /// <param name="record">What the key holds, when it exists; else null.</param>
    /// <returns>False when <see cref="ReadAsync"/> has to look elsewhere.</returns>
    public bool TryRead(StateSession? session, StateKey key, out StateRecord? record)
    {
        if (session is not null || !replica.TryRead(key, out record))
        {
            record = null;
            return false;
        }

        record = Live(record);
        return true;
    }

    /// <summary>Reads a key; null when it does not exist.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>state-unavailable</c>.</exception>
    /// <exception cref="SessionLostException">A version that the session has read is gone: the session must start again.</exception>
    public async ValueTask<StateRecord?> ReadAsync(StateSession? session, StateKey key, CancellationToken cancellation) => Live(await replica.ReadAsync(key, cancellation));

    /// <summary>Carries out a mutation; completes when it is as durable as the node promises.</summary>
    /// <returns>What the key holds then.</returns>
    public ValueTask<StateRecord> ApplyAsync(StateSession? session, StateKey key, StateMutation mutation, CancellationToken cancellation) => replica.ApplyAsync(key, mutation, null, cancellation);

    /// <summary>Carries out a mutation if a condition holds at the store.</summary>
    public ValueTask<(bool Held, StateRecord? Record)> ApplyIfAsync(StateSession? session, StateKey key, StateCondition condition, StateMutation mutation, CancellationToken cancellation) =>
        replica.ApplyIfAsync(key, condition, mutation, cancellation);

    /// <summary>Begins a session; null for <see cref="Consistency.Lww"/>, which needs none.</summary>
    public StateSession? Begin(Consistency consistency) => consistency == Consistency.Lww ? null : new StateSession(new SessionId((UInt128)time.GetTimestamp()), consistency);

    /// <summary>The session's chain of calls has ended: every node that keeps versions for it may forget them.</summary>
    public void End(StateSession session) => _ = session;

    /// <summary>What goes with a call to another node.</summary>
    public ReadOnlyMemory<byte> Export(StateSession session) => ReadOnlyMemory<byte>.Empty;

    /// <summary>The session as it came with a call from another node.</summary>
    public StateSession Import(Scope scope, ReadOnlySpan<byte> metadata) => throw new NotSupportedException();

    /// <summary>Where several calls of one session meet: what any of them has seen, the session has seen.</summary>
    public StateSession Join(IReadOnlyList<StateSession> sessions) => sessions[0];

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => replica.DisposeAsync();

    private StateRecord? Live(StateRecord? record) => record is not null && record.IsLive(time.GetUtcNow().ToUnixTimeMilliseconds()) ? record : null;
}
