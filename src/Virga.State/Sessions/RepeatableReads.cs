using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Stores;
using Virga.State.Time;

namespace Virga.State.Sessions;

/// <summary>
/// Distributed session repeatable read (Cloudburst, VLDB 2020, Algorithm 1). The first read of a key, anywhere in the session, pins its version; every later one gives that very
/// version: from the session's own memory, from the local cache where that has exactly it, else from the cache that keeps it.
/// </summary>
internal sealed class RepeatableReads(IStateReplica replica, UpstreamCaches upstream, SnapshotTable snapshots, HybridClock clock, NodeName self, Func<StateRecord?, StateRecord?> live)
{
    public bool TryRead(StateSession session, StateKey key, out StateRecord? record)
    {
        lock (session.Lock)
        {
            if (session.Pins.TryGetValue(key.Text, out var pin))
            {
                return TryRead(session, key, pin, out record);
            }
        }

        if (!replica.TryRead(key, out record))
        {
            return false;
        }

        record = Pin(session, key, live(record), isWritten: false);
        return true;
    }

    public async ValueTask<StateRecord?> ReadAsync(StateSession session, StateKey key, CancellationToken cancellation)
    {
        if (TryRead(session, key, out var record))
        {
            return record;
        }

        PinnedVersion? pin;
        lock (session.Lock)
        {
            pin = session.Pins.GetValueOrDefault(key.Text);
        }

        if (pin is null)
        {
            return Pin(session, key, live(await replica.ReadAsync(key, cancellation)), isWritten: false);
        }

        record = await upstream.FetchAsync(session.Id, key, pin, cancellation);
        lock (session.Lock)
        {
            return session.Pin(key.Text, pin with { IsHere = true, Record = record }).Record;
        }
    }

    public async ValueTask<StateRecord> ApplyAsync(StateSession session, StateKey key, StateMutation mutation, CancellationToken cancellation)
    {
        var written = await replica.ApplyAsync(key, mutation, null, cancellation);
        Pin(session, key, live(written), isWritten: true);
        return written;
    }

    public async ValueTask<(bool Held, StateRecord? Record)> ApplyIfAsync(StateSession session, StateKey key, StateCondition condition, StateMutation mutation, CancellationToken cancellation)
    {
        var result = await replica.ApplyIfAsync(key, condition, mutation, cancellation);
        if (result.Held)
        {
            Pin(session, key, live(result.Record), isWritten: true);
        }

        return result;
    }

    /// <summary>The session goes on elsewhere: from now on this node keeps what it has of it. The caller holds the session's lock.</summary>
    public void Keep(StateSession session, long incarnation)
    {
        foreach (var (text, pin) in session.Pins.ToArray())
        {
            if (!pin.IsHere)
            {
                continue;
            }

            session.Pins[text] = pin with { Node = self, Incarnation = incarnation };
            if (pin.Record is { } record)
            {
                snapshots.Keep(session.Id, new StateKey(session.Scope!.Value, text), record.Version, record);
                session.Keepers.Add(self);
            }
        }
    }

    // The cache may have the very version, or this node may be the one that keeps it.
    private bool TryRead(StateSession session, StateKey key, PinnedVersion pin, out StateRecord? record)
    {
        record = pin.Record;
        if (pin.IsHere)
        {
            return true;
        }

        if (!replica.TryRead(key, out record) || record is null || record.Version != pin.Version)
        {
            record = snapshots.Find(session.Id, key, pin.Version);
        }

        if (record is null)
        {
            return false;
        }

        session.Pin(key.Text, pin with { IsHere = true, Record = record });
        return true;
    }

    // The version of anything but a plain register is a digest: it is worked out when the session goes on to another node, or never.
    private StateRecord? Pin(StateSession session, StateKey key, StateRecord? record, bool isWritten)
    {
        var pin = new PinnedVersion
        {
            Node = self,
            Incarnation = 0,
            At = clock.Now(),
            IsWritten = isWritten,
            Version = default,
            IsHere = true,
            Record = record,
        };
        lock (session.Lock)
        {
            return session.Pin(key.Text, pin).Record;
        }
    }
}
