using System.Buffers.Binary;
using System.Globalization;
using Virga.Topics.Policies;
using Virga.Topics.Schemas.Avro;

namespace Virga.Topics.Schemas;

/// <summary>Whether a topic takes a further schema. Pure.</summary>
internal static class SchemaRules
{
    // Numbers of Pulsar's Schema.Type.
    private const int Json = 2;
    private const int Protobuf = 3;
    private const int Avro = 4;
    private const int KeyValue = 15;

    // By these properties a schema of keys and values says of which types they are, by name.
    private const string KeyType = "key.schema.type";
    private const string ValueType = "value.schema.type";

    /// <summary>Why a schema is not taken; null when it is.</summary>
    /// <param name="compatibility">The topic's policy.</param>
    /// <param name="versions">Those that the topic has, oldest first.</param>
    /// <param name="added">The new one.</param>
    public static string? Obstacle(SchemaCompatibility compatibility, IReadOnlyList<SchemaDefinition> versions, SchemaDefinition added)
    {
        if (added.Type == Avro && Malformed(added) is { } fault)
        {
            return $"the schema is none of Avro: {fault}";
        }

        if (compatibility == SchemaCompatibility.Always || versions.Count == 0)
        {
            return null;
        }

        if (compatibility == SchemaCompatibility.Never)
        {
            return "the topic has a schema, and its policy takes no other";
        }

        var newest = versions[^1];
        if (newest.Type != added.Type)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the topic has a schema of type {newest.Type}, and this one is of type {added.Type}");
        }

        var isTransitive = compatibility is SchemaCompatibility.FullTransitive or SchemaCompatibility.BackwardTransitive or SchemaCompatibility.ForwardTransitive;
        for (var i = versions.Count - 1; i >= (isTransitive ? 0 : versions.Count - 1); i--)
        {
            // Of another type is what there was before the policy.
            if (versions[i].Type == added.Type && Between(compatibility, versions[i], added) is { } obstacle)
            {
                return obstacle;
            }
        }

        return null;
    }

    /// <summary>What a policy asks of the schema that a consumer comes with.</summary>
    public static SchemaCompatibility OfConsumers(SchemaCompatibility compatibility) => compatibility switch
    {
        SchemaCompatibility.Full or SchemaCompatibility.Forward => SchemaCompatibility.Backward,
        SchemaCompatibility.FullTransitive or SchemaCompatibility.ForwardTransitive => SchemaCompatibility.BackwardTransitive,
        _ => compatibility,
    };

    private static string? Between(SchemaCompatibility compatibility, SchemaDefinition old, SchemaDefinition added)
    {
        if (compatibility is not (SchemaCompatibility.Forward or SchemaCompatibility.ForwardTransitive) && Unreadable(reader: added, writer: old) is { } backward)
        {
            return $"who has it could not read what was written before: {backward}";
        }

        return compatibility is not (SchemaCompatibility.Backward or SchemaCompatibility.BackwardTransitive) && Unreadable(reader: old, writer: added) is { } forward
            ? $"who has the topic's schema could not read what is written with it: {forward}"
            : null;
    }

    private static string? Unreadable(SchemaDefinition reader, SchemaDefinition writer)
    {
        if (reader.Type == KeyValue)
        {
            return Parts(reader) is var (readerKey, readerValue) && Parts(writer) is var (writerKey, writerValue)
                ? UnreadablePart("key", readerKey, writerKey) ?? UnreadablePart("value", readerValue, writerValue)
                : null;
        }

        // Old clients define JSON by other means: that is theirs.
        return IsOfAvro(reader.Type) && Read(reader.Data) is { } reads && Read(writer.Data) is { } wrote ? AvroResolution.Obstacle(reads, wrote) : null;
    }

    private static string? UnreadablePart(string part, SchemaDefinition reader, SchemaDefinition writer)
    {
        if (reader.Name != writer.Name)
        {
            return $"the {part} is {reader.Name} and was {writer.Name}";
        }

        return IsOfAvro(reader.Type) && Read(reader.Data) is { } reads && Read(writer.Data) is { } wrote && AvroResolution.Obstacle(reads, wrote) is { } obstacle ? $"the {part}, {obstacle}" : null;
    }

    // Each part is its length and what defines it; here it has the name of its type as its name, and a number only where that matters.
    private static (SchemaDefinition Key, SchemaDefinition Value)? Parts(SchemaDefinition schema)
    {
        var data = schema.Data;
        return TryTake(ref data, out var key) && TryTake(ref data, out var value) ? (Part(schema, KeyType, key), Part(schema, ValueType, value)) : null;
    }

    private static SchemaDefinition Part(SchemaDefinition schema, string property, ReadOnlyMemory<byte> data)
    {
        var name = schema.Properties.FirstOrDefault(found => found.Key == property).Value ?? "";
        return new SchemaDefinition(name, name switch { "JSON" => Json, "AVRO" => Avro, "PROTOBUF" => Protobuf, _ => -1 }, data, []);
    }

    private static bool TryTake(ref ReadOnlyMemory<byte> data, out ReadOnlyMemory<byte> part)
    {
        part = default;
        if (!BinaryPrimitives.TryReadInt32BigEndian(data.Span, out var length) || length < 0 || length > data.Length - sizeof(int))
        {
            return false;
        }

        (part, data) = (data.Slice(sizeof(int), length), data[(sizeof(int) + length)..]);
        return true;
    }

    private static bool IsOfAvro(int type) => type is Json or Avro or Protobuf;

    private static AvroType? Read(ReadOnlyMemory<byte> data)
    {
        try
        {
            return AvroParser.Parse(data);
        }
        catch (AvroFormatException)
        {
            // Nothing can be said of it.
            return null;
        }
    }

    private static string? Malformed(SchemaDefinition schema)
    {
        try
        {
            AvroParser.Parse(schema.Data);
            return null;
        }
        catch (AvroFormatException e)
        {
            return e.Message;
        }
    }
}
