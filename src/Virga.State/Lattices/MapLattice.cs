using System.Buffers;
using System.Collections.Immutable;
using Virga.State.Binary;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Lattices;

/// <summary>
/// Fields, each with a record of its own: a lattice and its generation, so that a field is deleted like a key, and may then hold another kind. What is left of a deleted field
/// is its name and its generation.
/// </summary>
public sealed class MapLattice : Lattice
{
    /// <summary>A map without fields.</summary>
    public static readonly MapLattice Empty = new(ImmutableSortedDictionary.Create<string, StateRecord>(StringComparer.Ordinal), 0, 0, 0);

    private const int FieldOverhead = 8;
    private readonly int _memoryBytes;
    private readonly int _encodedBytes;

    private MapLattice(ImmutableSortedDictionary<string, StateRecord> fields, int count, int memoryBytes, int encodedBytes)
    {
        Fields = fields;
        Count = count;
        _memoryBytes = memoryBytes;
        _encodedBytes = encodedBytes;
    }

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Map;

    /// <summary>All that is known of fields, deleted ones included, in the ordinal order of their names.</summary>
    public ImmutableSortedDictionary<string, StateRecord> Fields { get; }

    /// <summary>How many fields have a value.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    public override int MemoryBytes => 80 + _memoryBytes;

    /// <inheritdoc/>
    public override int EncodedBytes => 6 + _encodedBytes;

    /// <summary>A map of fields.</summary>
    public static MapLattice Of(IEnumerable<KeyValuePair<string, StateRecord>> fields) => Empty.With(fields);

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var map = SameKind<MapLattice>(other);

        // The smaller into the larger; where the other has more fields, the result is not this one.
        return map.Fields.Count > Fields.Count ? map.With(Fields) : With(map.Fields);
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)Fields.Count);
        foreach (var (field, record) in Fields)
        {
            output.WriteText(field);
            output.WriteBytes(RecordEncoding.ToBytes(record));
        }
    }

    internal static MapLattice Read(ref ByteReader reader, int depth)
    {
        if (depth >= StateLimits.MaxMapDepth)
        {
            throw new StateEncodingException($"Maps stand more than {StateLimits.MaxMapDepth} deep.");
        }

        var fields = new List<KeyValuePair<string, StateRecord>>();
        for (var count = reader.ReadCount(12); count > 0; count--)
        {
            var field = reader.ReadText();
            if (fields.Count > 0 && string.CompareOrdinal(field, fields[^1].Key) <= 0)
            {
                throw new StateEncodingException("The fields of a map are out of order.");
            }

            var record = RecordEncoding.Read(reader.ReadBytes(), depth + 1);
            fields.Add(KeyValuePair.Create(field, record is { Expiry: null, Causality: null } ? record : throw new StateEncodingException("A field of a map has what only keys have.")));
        }

        return Of(fields);
    }

    private MapLattice With(IEnumerable<KeyValuePair<string, StateRecord>> more)
    {
        var fields = Fields.ToBuilder();
        var (count, memory, encoded) = (Count, _memoryBytes, _encodedBytes);
        var adds = false;
        foreach (var (field, record) in more)
        {
            var known = fields.GetValueOrDefault(field);
            var merged = known is null ? record : known.Merge(record);
            if (ReferenceEquals(merged, known))
            {
                continue;
            }

            fields[field] = merged;
            count += (merged.Value is null ? 0 : 1) - (known?.Value is null ? 0 : 1);
            memory += merged.MemoryBytes - (known?.MemoryBytes ?? -(100 + (field.Length * 2)));
            encoded += merged.EncodedBytes - (known?.EncodedBytes ?? -(FieldOverhead + (field.Length * 3)));
            adds = true;
        }

        return adds ? new MapLattice(fields.ToImmutable(), count, memory, encoded) : this;
    }
}
