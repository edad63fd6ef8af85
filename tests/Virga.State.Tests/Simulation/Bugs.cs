using System.Buffers;
using Virga.Core.Nodes;
using Virga.State.Binary;
using Virga.State.Index;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.State.Tests.Simulation;

/// <summary>Plants a bug into a cluster, from outside: in what its parts say to each other.</summary>
internal static class Bugs
{
    public static void Plant(SimulatedCluster cluster, PlantedBug bug)
    {
        var random = cluster.World.Random;
        switch (bug)
        {
            case PlantedBug.DropsUpdates:
                cluster.Network.Lets = (_, _, topic) => topic != NodeTopic.StateUpdate || !random.Chance(0.2);
                break;
            case PlantedBug.LosesDirtyKeys:
                cluster.Store.Forgets = _ => random.Chance(0.05);
                break;
            case PlantedBug.ShowsEffectsFirst:
                cluster.Network.Changes = static (topic, body) => topic == NodeTopic.StateUpdate ? WithoutDependencies(body) : body;
                break;
            case PlantedBug.ForgetsSnapshots:
                cluster.Started = node => node.Link.Handle(NodeTopic.StateSnapshot, (_, body, _) => ValueTask.FromResult(AnswerWithNow(node, body.Span)));
                break;
            default:
                // The others are planted where they belong.
                break;
        }
    }

    private static byte[] WithoutDependencies(byte[] body)
    {
        var reader = new ByteReader(body);
        var head = IndexMessages.ReadHead(ref reader);
        var updates = IndexMessages.ReadUpdates(ref reader).ConvertAll(static update => update with
        {
            Record = WithoutDependencies(update.Record),
        });
        return IndexMessages.Updates(head.Clock, updates).ToArray();
    }

    private static StateRecord WithoutDependencies(StateRecord record)
    {
        var value = record.Value;
        if (value is CausalRegister register)
        {
            value = register.Versions.Select(static version => (Lattice)CausalRegister.Of(version with { Dependencies = Causality.NoDependencies })).Aggregate(static (a, b) => a.Merge(b));
        }

        return new StateRecord(record.Generation, value, record.Expiry, record.Causality is { } causality ? causality with { Dependencies = Causality.NoDependencies } : null);
    }

    private static ReadOnlyMemory<byte> AnswerWithNow(SimulatedNode node, ReadOnlySpan<byte> question)
    {
        var reader = new ByteReader(question);
        reader.ReadByte();
        var isExact = reader.ReadByte() == 1;
        reader.ReadVarint();
        if (isExact)
        {
            reader.Take(16);
        }

        var key = IndexMessages.ReadKey(ref reader);
        var output = new ArrayBufferWriter<byte>();
        output.WriteByte(1);
        output.WriteByte(1);
        output.WriteVarint(0);
        var has = node.Cache.TryRead(key, out var record) && record is not null;
        output.WriteVarint(has ? 1UL : 0);
        if (has)
        {
            IndexMessages.WriteKey(output, key);
            output.WriteBytes(RecordEncoding.ToBytes(record!));
        }

        return output.WrittenMemory;
    }
}
