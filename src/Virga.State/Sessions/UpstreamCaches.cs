using System.Buffers;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Binary;
using Virga.State.Caches;
using Virga.State.Index;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Stores;

namespace Virga.State.Sessions;

/// <summary>
/// What the caches of one session ask of each other: the very version that an upstream cache keeps, or one at least as new as what the session saw there. What is
/// given away can no longer be lost where it comes from.
/// </summary>
internal sealed class UpstreamCaches
{
    private const byte Format = 1;
    private const byte Exact = 1;
    private const byte AtLeast = 2;
    private const byte Unknown = 0;
    private const byte Known = 1;

    private readonly IStateReplica _replica;
    private readonly ICausalReplica? _cache;
    private readonly SnapshotTable _snapshots;
    private readonly INodeLink _link;
    private readonly TimeProvider _time;
    private readonly SessionOptions _options;

    public UpstreamCaches(IStateReplica replica, SnapshotTable snapshots, INodeLink link, TimeProvider time, SessionOptions options)
    {
        _replica = replica;
        _cache = replica as ICausalReplica;
        _snapshots = snapshots;
        _link = link;
        _time = time;
        _options = options;
        link.Handle(NodeTopic.StateSnapshot, (_, body, cancellation) => AnswerAsync(body, cancellation));
        link.Handle(NodeTopic.StateSessionEnd, (_, body, _) =>
        {
            _snapshots.Drop(ReadSession(body.Span));
            return ValueTask.FromResult(ReadOnlyMemory<byte>.Empty);
        });
    }

    /// <summary>Which run of a node this one knows; null when it is not alive.</summary>
    public long? IncarnationOf(NodeName node) => _link.View.Find(node)?.Incarnation;

    /// <summary>The very version that another node keeps for a session.</summary>
    /// <exception cref="SessionLostException">It does not, or cannot be reached.</exception>
    public async ValueTask<StateRecord> FetchAsync(SessionId session, StateKey key, PinnedVersion pin, CancellationToken cancellation)
    {
        // What this node keeps itself was looked for before.
        if (pin.Node != _link.Self)
        {
            var output = Begin(Exact, pin.Incarnation);
            output.WriteUInt64((ulong)(session.Value >> 64));
            output.WriteUInt64((ulong)session.Value);
            IndexMessages.WriteKey(output, key);
            pin.Version.Write(output.GetSpan(StateVersion.Bytes));
            output.Advance(StateVersion.Bytes);
            if (await AskAsync(pin.Node, pin.Incarnation, key, output.WrittenMemory, cancellation) is [var found, ..])
            {
                return found.Record;
            }
        }

        throw new SessionLostException($"The version of '{key}' that the session has read is no longer kept on the node '{pin.Node}'.");
    }

    /// <summary>A version at least as new as the session saw on another node, with all that it depends on; nothing when that node has lost it.</summary>
    /// <exception cref="SessionLostException">It cannot be reached.</exception>
    public ValueTask<IReadOnlyList<StateDelta>> FetchAsync(StateKey key, Upstream upstream, CancellationToken cancellation)
    {
        if (upstream.Node == _link.Self && upstream.Incarnation == IncarnationOf(_link.Self))
        {
            // What this run of this node has had is in its memory, or stored.
            return ValueTask.FromResult<IReadOnlyList<StateDelta>>([]);
        }

        var output = Begin(AtLeast, upstream.Incarnation);
        IndexMessages.WriteKey(output, key);
        RecordEncoding.WriteClock(output, upstream.Clock);
        return AskAsync(upstream.Node, upstream.Incarnation, key, output.WrittenMemory, cancellation);
    }

    /// <summary>Tells a node that a session has ended.</summary>
    public void TellEnd(NodeName node, SessionId session)
    {
        if (node == _link.Self)
        {
            _snapshots.Drop(session);
            return;
        }

        var output = Begin(0, 0);
        output.WriteUInt64((ulong)(session.Value >> 64));
        output.WriteUInt64((ulong)session.Value);
        _link.Post(node, NodeTopic.StateSessionEnd, output.WrittenMemory);
    }

    private async ValueTask<IReadOnlyList<StateDelta>> AskAsync(NodeName node, long incarnation, StateKey key, ReadOnlyMemory<byte> question, CancellationToken cancellation)
    {
        if (IncarnationOf(node) != incarnation)
        {
            throw new SessionLostException($"The node '{node}', which had the version of '{key}' that the session has seen, is gone.");
        }

        using var patience = new CancellationTokenSource(_options.Patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            return ReadAnswer(await _link.AskAsync(node, NodeTopic.StateSnapshot, question, both.Token));
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            throw new SessionLostException($"The node '{node}', which has the version of '{key}' that the session has seen, does not answer.", e);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var question = ReadQuestion(body.Span);
        IReadOnlyList<StateDelta> records = [];
        if (question.Incarnation != IncarnationOf(_link.Self))
        {
            return WriteAnswer(records);
        }

        if (question.Clock is { } least)
        {
            await _replica.ReadAsync(question.Key, cancellation);
            records = _cache is null ? [] : await _cache.ClosureAsync(question.Key, cancellation);
            if (records is not [var first, ..] || !CacheEntry.ClockOf(first.Record).Includes(least))
            {
                records = [];
            }
        }
        else if (_snapshots.Find(question.Session, question.Key, question.Version) is { } kept)
        {
            if (_cache is not null)
            {
                await _cache.DurableAsync(question.Key, cancellation);
            }

            records = [new StateDelta(question.Key, kept)];
        }

        return WriteAnswer(records);
    }

    // Whoever asks may not have heard yet that the node was started anew: it says which run it means.
    private static ArrayBufferWriter<byte> Begin(byte operation, long incarnation)
    {
        var output = new ArrayBufferWriter<byte>(128);
        output.WriteByte(Format);
        output.WriteByte(operation);
        output.WriteVarint((ulong)incarnation);
        return output;
    }

    private static Question ReadQuestion(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        RequireFormat(ref reader);
        var operation = reader.ReadByte();
        var incarnation = (long)reader.ReadVarint();
        switch (operation)
        {
            case Exact:
                var session = new SessionId(new UInt128(reader.ReadUInt64(), reader.ReadUInt64()));
                return new Question(incarnation, session, IndexMessages.ReadKey(ref reader), StateVersion.Read(reader.Take(StateVersion.Bytes)), null);
            case AtLeast:
                return new Question(incarnation, default, IndexMessages.ReadKey(ref reader), default, RecordEncoding.ReadClock(ref reader));
            default:
                throw new StateEncodingException("A question about a version is not known.");
        }
    }

    private static SessionId ReadSession(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        RequireFormat(ref reader);
        reader.ReadByte();
        reader.ReadVarint();
        return new SessionId(new UInt128(reader.ReadUInt64(), reader.ReadUInt64()));
    }

    private static ReadOnlyMemory<byte> WriteAnswer(IReadOnlyList<StateDelta> records)
    {
        var output = Begin(records.Count == 0 ? Unknown : Known, 0);
        output.WriteVarint((ulong)records.Count);
        foreach (var record in records)
        {
            IndexMessages.WriteKey(output, record.Key);
            output.WriteBytes(RecordEncoding.ToBytes(record.Record));
        }

        return output.WrittenMemory;
    }

    private static List<StateDelta> ReadAnswer(ReadOnlyMemory<byte> answer)
    {
        var reader = new ByteReader(answer.Span);
        RequireFormat(ref reader);
        reader.ReadByte();
        reader.ReadVarint();
        var records = new List<StateDelta>(reader.ReadCount(4));
        for (var left = records.Capacity; left > 0; left--)
        {
            records.Add(new StateDelta(IndexMessages.ReadKey(ref reader), RecordEncoding.Read(reader.ReadBytes())));
        }

        return records;
    }

    private static void RequireFormat(ref ByteReader reader)
    {
        if (reader.ReadByte() is var format and not Format)
        {
            throw new StateEncodingException($"The format {format} of a message between the caches of a session is not known.");
        }
    }

    private sealed record Question(long Incarnation, SessionId Session, StateKey Key, StateVersion Version, VectorClock? Clock);
}
