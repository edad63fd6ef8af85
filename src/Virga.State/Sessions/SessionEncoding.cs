using System.Buffers;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Sessions;

/// <summary>
/// What goes with a call to another node: a format number, the consistency, the session's id, the nodes that keep versions for it, and then for each key its pinned version, or how new
/// it must be. <c>docs/consistency.md</c> has it byte by byte.
/// </summary>
internal static class SessionEncoding
{
    private const byte Format = 1;
    private const byte Written = 1;
    private const byte Exists = 2;

    /// <summary>Writes a session, of which the caller holds the lock.</summary>
    /// <param name="session">The session.</param>
    /// <param name="here">What this node has of a key: who it is, unless the version is in the store.</param>
    public static ReadOnlyMemory<byte> Write(StateSession session, Func<string, SeenVersion, IReadOnlyList<Upstream>> here)
    {
        var output = new ArrayBufferWriter<byte>(64 + (96 * (session.Pins.Count + session.Seen.Count)));
        output.WriteByte(Format);
        output.WriteByte((byte)session.Consistency);
        output.WriteUInt64((ulong)(session.Id.Value >> 64));
        output.WriteUInt64((ulong)session.Id.Value);
        output.WriteVarint((ulong)session.Keepers.Count);
        foreach (var keeper in session.Keepers)
        {
            output.WriteText(keeper.Value);
        }

        // What a cut promises ends at the node; only these two take anything along.
        if (session.Consistency == Consistency.RepeatableRead)
        {
            WritePins(output, session);
        }
        else if (session.Consistency == Consistency.Causal)
        {
            WriteSeen(output, session, here);
        }

        return output.WrittenMemory;
    }

    /// <summary>Reads a session.</summary>
    /// <exception cref="StateEncodingException">The bytes are no session.</exception>
    public static StateSession Read(Scope scope, ReadOnlySpan<byte> metadata, int mostKeys)
    {
        var reader = new ByteReader(metadata);
        if (reader.ReadByte() is var format and not Format)
        {
            throw new StateEncodingException($"The format {format} of a session is not known.");
        }

        var consistency = (Consistency)reader.ReadByte();
        if (consistency is <= Consistency.Lww or > Consistency.Causal)
        {
            throw new StateEncodingException($"There is no consistency {(byte)consistency} of a session.");
        }

        var session = new StateSession(new SessionId(new UInt128(reader.ReadUInt64(), reader.ReadUInt64())), consistency, mostKeys) { IsForeign = true };
        session.SetScope(scope);
        for (var left = reader.ReadCount(2); left > 0; left--)
        {
            session.Keepers.Add(ReadNode(ref reader));
        }

        if (consistency == Consistency.RepeatableRead)
        {
            ReadPins(ref reader, session);
        }
        else if (consistency == Consistency.Causal)
        {
            ReadSeen(ref reader, session);
        }

        return reader.IsAtEnd ? session : throw new StateEncodingException($"{reader.Rest.Length} bytes follow a session.");
    }

    private static void WritePins(ArrayBufferWriter<byte> output, StateSession session)
    {
        output.WriteVarint((ulong)session.Pins.Count);
        foreach (var (key, pin) in session.Pins)
        {
            var exists = !pin.IsHere || pin.Record is not null;
            output.WriteText(key);
            output.WriteByte((byte)((pin.IsWritten ? Written : 0) | (exists ? Exists : 0)));
            output.WriteUInt64(pin.At.Value);
            if (exists)
            {
                output.WriteText(pin.Node.Value);
                output.WriteVarint((ulong)pin.Incarnation);
                var version = pin.IsHere ? pin.Record!.Version : pin.Version;
                version.Write(output.GetSpan(StateVersion.Bytes));
                output.Advance(StateVersion.Bytes);
            }
        }
    }

    private static void ReadPins(ref ByteReader reader, StateSession session)
    {
        for (var left = reader.ReadCount(11); left > 0; left--)
        {
            var key = ReadKey(ref reader);
            var flags = reader.ReadByte();
            if (flags > (Written | Exists))
            {
                throw new StateEncodingException($"The flags {flags} of a version are not known.");
            }

            var at = new HybridTimestamp(reader.ReadUInt64());
            var exists = (flags & Exists) != 0;
            session.Pin(key, new PinnedVersion
            {
                At = at,
                IsWritten = (flags & Written) != 0,
                IsHere = !exists,
                Node = exists ? ReadNode(ref reader) : NodeName.Single,
                Incarnation = exists ? (long)reader.ReadVarint() : 0,
                Version = exists ? StateVersion.Read(reader.Take(StateVersion.Bytes)) : StateVersion.Absent,
            });
        }
    }

    private static void WriteSeen(ArrayBufferWriter<byte> output, StateSession session, Func<string, SeenVersion, IReadOnlyList<Upstream>> here)
    {
        output.WriteVarint((ulong)session.Seen.Count);
        foreach (var (key, seen) in session.Seen)
        {
            output.WriteText(key);
            RecordEncoding.WriteClock(output, seen.Clock);
            var upstreams = here(key, seen);
            output.WriteVarint((ulong)upstreams.Count);
            foreach (var upstream in upstreams)
            {
                output.WriteText(upstream.Node.Value);
                output.WriteVarint((ulong)upstream.Incarnation);
                RecordEncoding.WriteClock(output, upstream.Clock);
            }
        }
    }

    private static void ReadSeen(ref ByteReader reader, StateSession session)
    {
        for (var left = reader.ReadCount(4); left > 0; left--)
        {
            var key = ReadKey(ref reader);
            session.See(key, RecordEncoding.ReadClock(ref reader));
            var elsewhere = new List<Upstream>();
            for (var upstreams = reader.ReadCount(4); upstreams > 0; upstreams--)
            {
                elsewhere.Add(new Upstream(ReadNode(ref reader), (long)reader.ReadVarint(), RecordEncoding.ReadClock(ref reader)));
            }

            if (session.Seen.TryGetValue(key, out var seen))
            {
                seen.Elsewhere = elsewhere;
            }
        }
    }

    private static string ReadKey(ref ByteReader reader) =>
        reader.ReadText() is var text && StateKey.IsValid(text) ? text : throw new StateEncodingException("A key is not valid.");

    private static NodeName ReadNode(ref ByteReader reader) =>
        ResourceName.TryParse(reader.ReadText(), out var name) ? new NodeName(name) : throw new StateEncodingException("The name of a node is not valid.");
}
