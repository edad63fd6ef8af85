using Google.Protobuf;
using Virga.Pulsar.Clients;
using Virga.Pulsar.Commands;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;

namespace Virga.Pulsar.Replication;

/// <summary>What the versions of a topic's schema are called in another cluster: each is registered there when the first message comes that was written with it.</summary>
internal sealed class ReplicatedSchemas(Topic topic, BrokerProducer producer)
{
    private readonly Dictionary<ByteString, byte[]> _known = [];

    /// <summary>What an entry's version is called there; empty where it is the same, or there is none.</summary>
    /// <exception cref="BrokerException">It is refused there.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> VersionOfAsync(ReadOnlyMemory<byte> entry, CancellationToken cancellation)
    {
        var here = EntryOrigin.SchemaVersion(entry.Span);
        if (here.IsEmpty)
        {
            return default;
        }

        var version = ByteString.CopyFrom(here);
        if (!_known.TryGetValue(version, out var there))
        {
            there = Schemas.TryRead(version, out var number) && await topic.Schemas.GetAsync(number, cancellation) is { Definition: { } schema }
                ? await producer.RegisterAsync(Schemas.Write(schema), cancellation)
                : [];
            _known.Add(version, there.AsSpan().SequenceEqual(version.Span) ? there = [] : there);
        }

        return there;
    }
}
