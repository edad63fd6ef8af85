using Virga.Topics.Wire;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>Virga, by Pulsar's binary protocol.</summary>
internal sealed class PulsarPeer(int port, string topic, string subscription = "bench") : Peer
{
    public override async ValueTask<Publishing> PublishAsync(int number, byte[] payload, int batch, bool isBlocking)
    {
        var wire = await ConnectAsync(isBlocking);
        await PulsarFrames.AskAsync(wire, PulsarFrames.Producer, PulsarFrames.ProducerBody(topic, 0), PulsarFrames.ProducerSuccess);
        return new PulsarPublishing(wire, $"bench-{number}", payload, batch);
    }

    public override async ValueTask<Consuming> ConsumeAsync(bool fromStart, bool isBlocking)
    {
        var wire = await ConnectAsync(isBlocking);
        await PulsarFrames.AskAsync(wire, PulsarFrames.Subscribe, SubscribeBody(fromStart), PulsarFrames.Success);
        return new PulsarConsuming(wire);
    }

    /// <summary>A connection after the greeting.</summary>
    public async ValueTask<Wire> ConnectAsync(bool isBlocking)
    {
        var wire = await Wire.ConnectAsync(port, isBlocking);
        await PulsarFrames.AskAsync(wire, PulsarFrames.Connect, PulsarFrames.ConnectBody(), PulsarFrames.Connected);
        return wire;
    }

    // Exclusive and durable, as clients do unless they are told otherwise.
    private byte[] SubscribeBody(bool fromStart)
    {
        var body = new byte[256];
        var writer = new ProtoWriter(body);
        writer.Text(1, topic);
        writer.Text(2, subscription);
        writer.Number(3, 0);
        writer.Number(4, 0);
        writer.Number(5, 0);
        writer.Number(13, fromStart ? 1 : 0);
        return body[..writer.Length];
    }
}
