using System.Buffers.Binary;
using Google.Protobuf;
using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Schemas;

namespace Virga.Pulsar.Commands;

/// <summary>Schemas, as the protocol has them. What defines them is the clients' business.</summary>
internal static class Schemas
{
    // Numbers of Schema.Type: bytes as they are, and what a client finds out by itself.
    private const int None = 0;
    private const int AutoConsume = 21;

    /// <summary>Whether it is one that the topic remembers.</summary>
    public static bool IsKept(Schema schema) => schema.Type is not (None or AutoConsume);

    /// <summary>Registers a schema with a topic, where its policies take it; gives its version.</summary>
    public static async ValueTask<byte[]> AddAsync(TopicBroker broker, TopicName topic, Schema schema, CancellationToken cancellation)
    {
        var policies = await broker.EffectivePoliciesAsync(topic, cancellation);
        var added = await broker.SchemasOf(topic).AddAsync(Read(schema), policies.SchemaCompatibility ?? SchemaCompatibility.Full, cancellation);
        return Write(added.Version);
    }

    /// <summary>Lets a consumer come with a schema, where the topic's policies take it.</summary>
    public static async ValueTask UseAsync(TopicBroker broker, TopicName topic, Schema schema, CancellationToken cancellation)
    {
        var policies = await broker.EffectivePoliciesAsync(topic, cancellation);
        await broker.SchemasOf(topic).UseAsync(Read(schema), policies.SchemaCompatibility ?? SchemaCompatibility.Full, cancellation);
    }

    /// <summary>As the broker has it.</summary>
    public static SchemaDefinition Read(Schema schema) => new(schema.Name, schema.Type, schema.SchemaData.ToByteArray(), Pairs.Read(schema.Properties));

    /// <summary>As the protocol has it.</summary>
    public static Schema Write(SchemaDefinition schema)
    {
        var written = new Schema { Name = schema.Name, Type = schema.Type, SchemaData = ByteString.CopyFrom(schema.Data.Span) };
        foreach (var (key, value) in schema.Properties)
        {
            written.Properties.Add(new KeyValue { Key = key, Value = value });
        }

        return written;
    }

    /// <summary>The bytes of a version: eight, in network order.</summary>
    public static byte[] Write(long version)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, version);
        return bytes;
    }

    /// <summary>The version of bytes; false where they are none of ours.</summary>
    public static bool TryRead(ByteString bytes, out long version) => BinaryPrimitives.TryReadInt64BigEndian(bytes.Span, out version) && bytes.Length == sizeof(long);
}
