namespace Virga.Bench.Topics.Load.Peers;

/// <summary>Redis: a stream, XADD and XREAD.</summary>
internal sealed class RedisPeer(int port, string topic) : Peer
{
    public override async ValueTask<Publishing> PublishAsync(int number, byte[] payload, int batch, bool isBlocking) =>
        new RedisPublishing(await Wire.ConnectAsync(port, isBlocking), topic, payload, batch);

    public override async ValueTask<Consuming> ConsumeAsync(bool fromStart, bool isBlocking) =>
        new RedisConsuming(await Wire.ConnectAsync(port, isBlocking), topic, fromStart ? "0" : "$");
}
