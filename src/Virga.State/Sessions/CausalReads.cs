using Virga.Core.Resources;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Stores;

namespace Virga.State.Sessions;

/// <summary>
/// Multi-key and distributed session causal consistency (Cloudburst, VLDB 2020, Algorithm 2). The cache shows causal cuts; a session remembers how new each key must be
/// by what it has seen, and takes that along. Where the paper takes a concurrent version for a valid one, this asks for one that includes what was seen: values merge,
/// so that there is always such a version, and a reader never misses an effect that it knows.
/// </summary>
internal sealed class CausalReads(IStateReplica replica, UpstreamCaches upstream, TimeProvider time, SessionOptions options, Func<StateRecord?, StateRecord?> live)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly ICausalReplica? _cache = replica as ICausalReplica;

    public bool TryRead(StateSession session, StateKey key, out StateRecord? record)
    {
        if (!(_cache?.TryReadCut(key, out record) ?? replica.TryRead(key, out record)) || !Accept(session, key, record))
        {
            record = null;
            return false;
        }

        record = live(record);
        return true;
    }

    public async ValueTask<StateRecord?> ReadAsync(StateSession session, StateKey key, CancellationToken cancellation) => live(await ReachAsync(session, key, cancellation));

    public async ValueTask<StateRecord> ApplyAsync(StateSession session, StateKey key, StateMutation mutation, CancellationToken cancellation)
    {
        await PrepareAsync(session, key, cancellation);
        var written = await replica.ApplyAsync(key, mutation, session.DependenciesOf(key.Text), cancellation);
        See(session, key, written);
        return written;
    }

    public async ValueTask<(bool Held, StateRecord? Record)> ApplyIfAsync(StateSession session, StateKey key, StateCondition condition, StateMutation mutation, CancellationToken cancellation)
    {
        await PrepareAsync(session, key, cancellation);
        if (_cache is not null)
        {
            // The store must have what the write depends on before it has the write.
            await _cache.FlushAsync(cancellation);
        }

        var result = await replica.ApplyIfAsync(key, condition, new DependentMutation(mutation, session.DependenciesOf(key.Text)), cancellation);
        See(session, key, result.Record);
        return result;
    }

    /// <summary>Whether a version that this node shows is as new as the session needs; the session has seen it then.</summary>
    private bool Accept(StateSession session, StateKey key, StateRecord? record)
    {
        lock (session.Lock)
        {
            if (session.Seen.TryGetValue(key.Text, out var seen) && !(CacheEntry.ClockOf(record).Includes(seen.Clock) && AreCountsSure(seen)))
            {
                return false;
            }

            session.See(key.Text, record);
            return true;
        }
    }

    // A node that was started anew may have given the counts which it lost to other updates: then a clock proves nothing.
    private bool AreCountsSure(SeenVersion seen)
    {
        foreach (var there in seen.Elsewhere ?? [])
        {
            if (upstream.IncarnationOf(there.Node) is { } incarnation && incarnation != there.Incarnation)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads a key at least as new as the session needs, from wherever it is.</summary>
    /// <exception cref="SessionLostException">It is nowhere any more.</exception>
    private async ValueTask<StateRecord?> ReachAsync(StateSession session, StateKey key, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var record = await ReadHereAsync(key, cancellation);
            if (Accept(session, key, record))
            {
                return record;
            }

            // The upstream cache first, where it may not be stored; the store has all else, and whatever those have stored meanwhile.
            var lost = await AskUpstreamAsync(session, key, cancellation);
            record = await ReadHereAsync(key, cancellation);
            if (Accept(session, key, record))
            {
                return record;
            }

            if (_cache is not null)
            {
                await _cache.RefreshAsync([key], cancellation);
                record = await ReadHereAsync(key, cancellation);
                if (Accept(session, key, record))
                {
                    return record;
                }
            }

            if (lost is not null || time.GetElapsedTime(began) > options.Patience)
            {
                throw lost ?? new SessionLostException($"The version of '{key}' that the session has seen did not come within {options.Patience.TotalSeconds:0.#} s.");
            }

            await Task.Delay(Pause, time, cancellation);
        }
    }

    private ValueTask<StateRecord?> ReadHereAsync(StateKey key, CancellationToken cancellation) => _cache?.ReadCutAsync(key, cancellation) ?? replica.ReadAsync(key, cancellation);

    private async ValueTask<SessionLostException?> AskUpstreamAsync(StateSession session, StateKey key, CancellationToken cancellation)
    {
        Upstream[] upstreams;
        lock (session.Lock)
        {
            upstreams = session.Seen.TryGetValue(key.Text, out var seen) ? [.. seen.Elsewhere ?? []] : [];
        }

        SessionLostException? lost = null;
        foreach (var there in upstreams)
        {
            try
            {
                var found = await upstream.FetchAsync(key, there, cancellation);
                if (found.Count > 0)
                {
                    await _cache!.AdoptAsync(found, cancellation);
                }
            }
            catch (SessionLostException e)
            {
                lost = e;
            }
        }

        return lost;
    }

    /// <summary>
    /// Before a session that came from elsewhere writes: what the write will depend on must be visible here, or in the store and not here in an older version;
    /// else this node would show the write without it.
    /// </summary>
    private async ValueTask PrepareAsync(StateSession session, StateKey key, CancellationToken cancellation)
    {
        await ReachAsync(session, key, cancellation);
        if (!session.IsForeign || session.Consistency != Consistency.Causal)
        {
            return;
        }

        List<StateKey> unsure = [];
        lock (session.Lock)
        {
            foreach (var (text, seen) in session.Seen)
            {
                var dependency = new StateKey(key.Scope, text);
                if (seen.Elsewhere is { } elsewhere && (elsewhere.Count > 0 || _cache is null || _cache.IsInMemory(dependency)))
                {
                    unsure.Add(dependency);
                }
            }
        }

        unsure.Sort();
        foreach (var dependency in unsure)
        {
            await ReachAsync(session, dependency, cancellation);
        }

        session.IsForeign = false;
    }

    private static void See(StateSession session, StateKey key, StateRecord? record)
    {
        lock (session.Lock)
        {
            session.See(key.Text, record);
        }
    }
}
