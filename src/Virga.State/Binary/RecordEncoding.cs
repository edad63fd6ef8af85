using System.Buffers;
using System.Collections.Immutable;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Binary;

/// <summary>
/// The binary form of records: a format number, flags, the generation, then expiry, causality and value as far as there are any. <c>docs/state.md</c> has it
/// byte by byte. Equal records have equal bytes.
/// </summary>
public static class RecordEncoding
{
    private const byte Format = 1;
    private const byte HasValue = 1;
    private const byte HasExpiry = 2;
    private const byte HasCausality = 4;

    /// <summary>Writes a record.</summary>
    public static void Write(IBufferWriter<byte> output, StateRecord record)
    {
        output.WriteByte(Format);
        output.WriteByte((byte)((record.Value is null ? 0 : HasValue) | (record.Expiry is null ? 0 : HasExpiry) | (record.Causality is null ? 0 : HasCausality)));
        output.WriteUInt64(record.Generation.Value);
        if (record.Expiry is { } expiry)
        {
            output.WriteUInt64(expiry.SetAt.Value);
            output.WriteUInt64((ulong)expiry.At);
        }

        if (record.Causality is { } causality)
        {
            // A causal register says of each version what it depends on; what they depend on together follows from that.
            WriteClock(output, causality.Clock);
            WriteDependencies(output, record.Value is CausalRegister ? Causality.NoDependencies : causality.Dependencies);
        }

        if (record.Value is { } value)
        {
            LatticeEncoding.Write(output, value);
        }
    }

    /// <summary>The binary form of a record.</summary>
    public static byte[] ToBytes(StateRecord record)
    {
        var output = new ArrayBufferWriter<byte>(64);
        Write(output, record);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a record to the end of the bytes.</summary>
    /// <exception cref="StateEncodingException">The bytes are no record.</exception>
    public static StateRecord Read(ReadOnlySpan<byte> bytes) => Read(bytes, 0);

    /// <summary>The same of a record that stands so many maps deep.</summary>
    internal static StateRecord Read(ReadOnlySpan<byte> bytes, int depth)
    {
        var reader = new ByteReader(bytes);
        if (reader.ReadByte() is var format and not Format)
        {
            throw new StateEncodingException($"The format {format} of a record is not known.");
        }

        var flags = reader.ReadByte();
        if ((flags & ~(HasValue | HasExpiry | HasCausality)) != 0)
        {
            throw new StateEncodingException($"The flags {flags} of a record are not known.");
        }

        var generation = new HybridTimestamp(reader.ReadUInt64());
        var expiry = (flags & HasExpiry) == 0 ? null : ReadExpiry(ref reader);
        var causality = (flags & HasCausality) == 0 ? null : new Causality(ReadClock(ref reader), ReadDependencies(ref reader));
        if (causality is { Dependencies.IsEmpty: true } && causality.Clock.Entries.Count == 0)
        {
            throw new StateEncodingException("A record has a causality that says nothing.");
        }

        if ((flags & HasValue) != 0)
        {
            var value = LatticeEncoding.Read(reader.Rest, depth);
            return value is not CausalRegister register || (causality is { Dependencies.IsEmpty: true } && causality.Clock.Includes(register.Clock))
                ? new StateRecord(generation, value, expiry, causality)
                : throw new StateEncodingException("The clock of a record does not include that of its versions.");
        }

        return reader.IsAtEnd ? new StateRecord(generation, null, expiry, causality) : throw new StateEncodingException($"{reader.Rest.Length} bytes follow a record.");
    }

    /// <summary>Writes a vector clock.</summary>
    public static void WriteClock(IBufferWriter<byte> output, VectorClock clock)
    {
        output.WriteVarint((ulong)clock.Entries.Count);
        foreach (var (replica, count) in clock.Entries)
        {
            output.WriteUInt64(replica.Value);
            output.WriteVarint(count);
        }
    }

    /// <summary>Reads a vector clock.</summary>
    /// <exception cref="StateEncodingException">The bytes are no clock.</exception>
    public static VectorClock ReadClock(ref ByteReader reader)
    {
        var entries = new (ReplicaId Replica, ulong Count)[reader.ReadCount(9)];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = (new ReplicaId(reader.ReadUInt64()), reader.ReadVarint());
            if (entries[i].Count == 0 || (i > 0 && entries[i].Replica <= entries[i - 1].Replica))
            {
                throw new StateEncodingException("A vector clock is out of order.");
            }
        }

        return VectorClock.Of(entries);
    }

    internal static void WriteDependencies(IBufferWriter<byte> output, ImmutableSortedDictionary<string, VectorClock> dependencies)
    {
        output.WriteVarint((ulong)dependencies.Count);
        foreach (var (key, clock) in dependencies)
        {
            output.WriteText(key);
            WriteClock(output, clock);
        }
    }

    internal static ImmutableSortedDictionary<string, VectorClock> ReadDependencies(ref ByteReader reader)
    {
        var count = reader.ReadCount(2);
        if (count == 0)
        {
            return Causality.NoDependencies;
        }

        var dependencies = Causality.NoDependencies.ToBuilder();
        string? last = null;
        for (; count > 0; count--)
        {
            var key = reader.ReadText();
            if (last is not null && string.CompareOrdinal(key, last) <= 0)
            {
                throw new StateEncodingException("Dependencies are out of order.");
            }

            dependencies.Add(key, ReadClock(ref reader));
            last = key;
        }

        return dependencies.ToImmutable();
    }

    private static Expiry ReadExpiry(ref ByteReader reader)
    {
        var expiry = new Expiry(new HybridTimestamp(reader.ReadUInt64()), (long)reader.ReadUInt64());
        return expiry.At >= 0 ? expiry : throw new StateEncodingException("An expiry lies before 1970.");
    }
}
