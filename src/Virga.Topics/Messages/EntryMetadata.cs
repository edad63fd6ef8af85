using System.Text;
using Virga.Topics.Wire;

namespace Virga.Topics.Messages;

/// <summary>What a reader needs of an entry's metadata besides its <see cref="MessageHeader"/>: what costs memory to take out.</summary>
internal sealed class EntryMetadata
{
    private EntryMetadata()
    {
    }

    /// <summary>The producer's own properties.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; private set; } = [];

    /// <summary>The key as text; null for none.</summary>
    public string? Key { get; private set; }

    /// <summary>What the message is ordered by where that is not the key.</summary>
    public ReadOnlyMemory<byte> OrderingKey { get; private set; }

    /// <summary>The version of the schema.</summary>
    public ReadOnlyMemory<byte> SchemaVersion { get; private set; }

    /// <summary>Names a message in chunks, together with its producer.</summary>
    public string ChunkedMessage { get; private set; } = "";

    /// <summary>How many bytes the chunks have together.</summary>
    public int ChunkedSize { get; private set; }

    /// <summary>Which messages of a batch are there, where compaction has left some out; null for all.</summary>
    public IReadOnlyList<int>? CompactedIndexes { get; private set; }

    /// <summary>Reads them.</summary>
    /// <exception cref="MalformedMessageException">They cannot be read.</exception>
    public static EntryMetadata Read(ReadOnlyMemory<byte> entry)
    {
        if (!EntryFrame.TryFind(entry.Span, out var frame))
        {
            throw new MalformedMessageException("The entry's parts do not fit into it.");
        }

        var metadata = entry[frame.MetadataAt..frame.PayloadAt];
        var reader = new ProtoReader(metadata.Span);
        var result = new EntryMetadata();
        List<KeyValuePair<string, string>>? properties = null;
        List<int>? indexes = null;
        var keyIsNull = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case MetadataField.Properties when reader.Wire == WireType.Bytes:
                    (properties ??= []).Add(Pair(reader.Bytes));
                    break;
                case MetadataField.Key when reader.Wire == WireType.Bytes:
                    result.Key = Encoding.UTF8.GetString(reader.Bytes);
                    break;
                case MetadataField.KeyIsNull when reader.Wire == WireType.Varint:
                    keyIsNull = reader.Flag;
                    break;
                case MetadataField.OrderingKey when reader.Wire == WireType.Bytes:
                    result.OrderingKey = metadata.Slice(reader.BytesAt, reader.Bytes.Length);
                    break;
                case MetadataField.SchemaVersion when reader.Wire == WireType.Bytes:
                    result.SchemaVersion = metadata.Slice(reader.BytesAt, reader.Bytes.Length);
                    break;
                case MetadataField.ChunkedMessage when reader.Wire == WireType.Bytes:
                    result.ChunkedMessage = Encoding.UTF8.GetString(reader.Bytes);
                    break;
                case MetadataField.ChunkedSize when reader.Wire == WireType.Varint:
                    result.ChunkedSize = reader.Int32;
                    break;
                case MetadataField.CompactedIndexes when reader.Wire == WireType.Varint:
                    (indexes ??= []).Add(reader.Int32);
                    break;
            }
        }

        result.Properties = properties ?? result.Properties;
        result.CompactedIndexes = indexes;
        result.Key = keyIsNull ? null : result.Key;
        return result;
    }

    /// <summary>Reads a pair of texts.</summary>
    /// <exception cref="MalformedMessageException">It is none.</exception>
    public static KeyValuePair<string, string> Pair(ReadOnlySpan<byte> data)
    {
        var reader = new ProtoReader(data);
        string key = "", value = "";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.Wire == WireType.Bytes:
                    key = Encoding.UTF8.GetString(reader.Bytes);
                    break;
                case 2 when reader.Wire == WireType.Bytes:
                    value = Encoding.UTF8.GetString(reader.Bytes);
                    break;
            }
        }

        return reader.IsMalformed ? throw new MalformedMessageException("A property of the message cannot be read.") : new KeyValuePair<string, string>(key, value);
    }
}
