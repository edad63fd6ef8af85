using System.Buffers;
using Virga.Core.Names;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Index;

/// <summary>
/// The binary forms of what caches and homes say to each other. Each begins with a format number, an operation and the sender's clock, so that the hybrid clocks
/// of a cluster never stay behind each other for longer than a heartbeat.
/// </summary>
internal static class IndexMessages
{
    private const byte Format = 1;

    public static ReadOnlyMemory<byte> Keys(IndexOperation operation, HybridTimestamp clock, long number, IReadOnlyList<StateKey> keys)
    {
        var output = Begin(operation, clock, number, keys.Count, keys.Count * 32);
        foreach (var key in keys)
        {
            WriteKey(output, key);
        }

        return output.WrittenMemory;
    }

    public static ReadOnlyMemory<byte> Updates(HybridTimestamp clock, IReadOnlyList<KeyUpdate> updates)
    {
        var output = Begin(IndexOperation.Publish, clock, 0, updates.Count, updates.Count * 64);
        var record = new ArrayBufferWriter<byte>(64);
        foreach (var update in updates)
        {
            WriteKey(output, update.Key);
            output.WriteVarint((ulong)Math.Max(0, update.Age.Ticks));
            record.ResetWrittenCount();
            RecordEncoding.Write(record, update.Record);
            output.WriteBytes(record.WrittenSpan);
        }

        return output.WrittenMemory;
    }

    public static IndexMessageHead ReadHead(ref ByteReader reader)
    {
        if (reader.ReadByte() is var format and not Format)
        {
            throw new StateEncodingException($"The format {format} of a message about keys is not known.");
        }

        return new IndexMessageHead((IndexOperation)reader.ReadByte(), new HybridTimestamp(reader.ReadUInt64()), (long)reader.ReadUInt64());
    }

    public static List<StateKey> ReadKeys(ref ByteReader reader)
    {
        var keys = new List<StateKey>(reader.ReadCount(3));
        for (var left = keys.Capacity; left > 0; left--)
        {
            keys.Add(ReadKey(ref reader));
        }

        return keys;
    }

    public static List<KeyUpdate> ReadUpdates(ref ByteReader reader)
    {
        var updates = new List<KeyUpdate>(reader.ReadCount(5));
        for (var left = updates.Capacity; left > 0; left--)
        {
            var key = ReadKey(ref reader);
            var age = TimeSpan.FromTicks((long)Math.Min(reader.ReadVarint(), long.MaxValue));
            updates.Add(new KeyUpdate(key, RecordEncoding.Read(reader.ReadBytes()), age));
        }

        return updates;
    }

    public static void WriteKey(IBufferWriter<byte> output, StateKey key)
    {
        output.WriteText(key.Scope.Tenant.Value);
        output.WriteText(key.Scope.Namespace.Value);
        output.WriteText(key.Text);
    }

    public static StateKey ReadKey(ref ByteReader reader)
    {
        var tenant = reader.ReadText();
        var space = reader.ReadText();
        var text = reader.ReadText();
        return ResourceName.TryParse(tenant, out var tenantName) && ResourceName.TryParse(space, out var spaceName) && StateKey.IsValid(text)
            ? new StateKey(new Scope(tenantName, spaceName), text)
            : throw new StateEncodingException("A key is not valid.");
    }

    /// <summary>The answer to <see cref="IndexOperation.Hold"/>.</summary>
    public static ReadOnlyMemory<byte> Epoch(HybridTimestamp clock, long epoch)
    {
        var output = new ArrayBufferWriter<byte>(17);
        output.WriteByte(Format);
        output.WriteUInt64(clock.Value);
        output.WriteUInt64((ulong)epoch);
        return output.WrittenMemory;
    }

    public static (HybridTimestamp Clock, long Epoch) ReadEpoch(ReadOnlySpan<byte> answer)
    {
        var reader = new ByteReader(answer);
        return reader.ReadByte() == Format ? (new HybridTimestamp(reader.ReadUInt64()), (long)reader.ReadUInt64()) : throw new StateEncodingException("The format of an epoch is not known.");
    }

    /// <summary>The answer to <see cref="IndexOperation.Locate"/>: of each key who holds it, in the order of the question.</summary>
    public static ReadOnlyMemory<byte> Holders(HybridTimestamp clock, IReadOnlyList<List<NodeName>> holders)
    {
        var output = new ArrayBufferWriter<byte>(16 + (holders.Count * 16));
        output.WriteByte(Format);
        output.WriteUInt64(clock.Value);
        output.WriteVarint((ulong)holders.Count);
        foreach (var nodes in holders)
        {
            output.WriteVarint((ulong)nodes.Count);
            foreach (var node in nodes)
            {
                output.WriteText(node.Value);
            }
        }

        return output.WrittenMemory;
    }

    public static (HybridTimestamp Clock, NodeName[][] Holders) ReadHolders(ReadOnlySpan<byte> answer, int asked)
    {
        var reader = new ByteReader(answer);
        if (reader.ReadByte() != Format)
        {
            throw new StateEncodingException("The format of an answer about holders is not known.");
        }

        var clock = new HybridTimestamp(reader.ReadUInt64());
        var holders = new NodeName[reader.ReadCount(1)][];
        for (var i = 0; i < holders.Length; i++)
        {
            holders[i] = new NodeName[reader.ReadCount(1)];
            for (var j = 0; j < holders[i].Length; j++)
            {
                holders[i][j] = ResourceName.TryParse(reader.ReadText(), out var name) ? new NodeName(name) : throw new StateEncodingException("The name of a node is not valid.");
            }
        }

        return holders.Length == asked ? (clock, holders) : throw new StateEncodingException($"Of {asked} keys {holders.Length} were told of.");
    }

    private static ArrayBufferWriter<byte> Begin(IndexOperation operation, HybridTimestamp clock, long number, int count, int sizeHint)
    {
        var output = new ArrayBufferWriter<byte>(32 + sizeHint);
        output.WriteByte(Format);
        output.WriteByte((byte)operation);
        output.WriteUInt64(clock.Value);
        output.WriteUInt64((ulong)number);
        output.WriteVarint((ulong)count);
        return output;
    }
}
