using Virga.Topics.Wire;

namespace Virga.Topics.Messages;

/// <summary>What entries say of clusters: where they may go, and where they come from. The payload is passed on as it is, whether it is a batch, compressed or encrypted.</summary>
public static class EntryOrigin
{
    /// <summary>
    /// Whether an entry is to be replicated to a cluster: not what came from one itself (so that nothing goes round), not what brokers write for each other, and not what its producer has meant for others only.
    /// </summary>
    public static bool GoesTo(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> cluster)
    {
        if (!EntryFrame.TryFind(entry, out var frame))
        {
            return false;
        }

        bool isLimited = false, isNamed = false;
        var reader = new ProtoReader(entry[frame.MetadataAt..frame.PayloadAt]);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case MetadataField.ReplicatedFrom when reader.Wire == WireType.Bytes && !reader.Bytes.IsEmpty:
                case MetadataField.Marker when reader.Wire == WireType.Varint && reader.Int32 > 0:
                    return false;
                case MetadataField.ReplicateTo when reader.Wire == WireType.Bytes:
                    isLimited = true;
                    isNamed |= reader.Bytes.SequenceEqual(cluster);
                    break;
            }
        }

        return !reader.IsMalformed && (!isLimited || isNamed);
    }

    /// <summary>The version of the schema that an entry was written with; empty for none.</summary>
    public static ReadOnlySpan<byte> SchemaVersion(ReadOnlySpan<byte> entry)
    {
        ReadOnlySpan<byte> version = default;
        if (EntryFrame.TryFind(entry, out var frame))
        {
            var reader = new ProtoReader(entry[frame.MetadataAt..frame.PayloadAt]);
            while (reader.Next())
            {
                if (reader.Field == MetadataField.SchemaVersion && reader.Wire == WireType.Bytes)
                {
                    version = reader.Bytes;
                }
            }
        }

        return version;
    }

    /// <summary>An entry as it goes to another cluster: its metadata says in addition where it comes from.</summary>
    /// <param name="entry">As it is kept; what a broker has put before it is left out.</param>
    /// <param name="cluster">The cluster that it comes from.</param>
    /// <param name="source">Where it is there.</param>
    /// <param name="schemaVersion">What the other cluster calls the version of its schema; empty where that is the same.</param>
    /// <exception cref="MalformedMessageException">It is no entry.</exception>
    public static byte[] Mark(ReadOnlySpan<byte> entry, string cluster, in EntrySource source, ReadOnlySpan<byte> schemaVersion)
    {
        if (!EntryFrame.TryFind(entry, out var frame))
        {
            throw new MalformedMessageException("What was to be replicated is no entry.");
        }

        var metadata = entry[frame.MetadataAt..frame.PayloadAt];
        var payload = entry[frame.PayloadAt..];
        var added = ProtoSize.Text(MetadataField.ReplicatedFrom, cluster) + ProtoSize.Number(MetadataField.SourceIncarnation, source.Incarnation)
            + ProtoSize.Number(MetadataField.SourceLedger, source.Position.Ledger) + ProtoSize.Number(MetadataField.SourceEntry, source.Position.Entry)
            + (schemaVersion.IsEmpty ? 0 : ProtoSize.Bytes(MetadataField.SchemaVersion, schemaVersion.Length));
        var marked = GC.AllocateUninitializedArray<byte>(EntryFrame.HeadSize + metadata.Length + added + payload.Length);
        metadata.CopyTo(marked.AsSpan(EntryFrame.HeadSize));

        // Of a field that comes twice the last one counts.
        var writer = new ProtoWriter(marked.AsSpan(EntryFrame.HeadSize + metadata.Length, added));
        writer.Text(MetadataField.ReplicatedFrom, cluster);
        writer.Number(MetadataField.SourceIncarnation, source.Incarnation);
        writer.Number(MetadataField.SourceLedger, source.Position.Ledger);
        writer.Number(MetadataField.SourceEntry, source.Position.Entry);
        if (!schemaVersion.IsEmpty)
        {
            writer.Bytes(MetadataField.SchemaVersion, schemaVersion);
        }

        payload.CopyTo(marked.AsSpan(EntryFrame.HeadSize + metadata.Length + added));
        EntryFrame.Seal(marked, metadata.Length + added);
        return marked;
    }
}
