namespace Virga.Bench.Topics.Load.Peers;

/// <summary>A server under measurement, and how it is spoken to. What is sent for each message is written into a buffer of the caller's, so that a client costs the same whomever it speaks to.</summary>
internal abstract class Peer
{
    /// <summary>The peer of a name.</summary>
    public static Peer Of(string name, int port, string topic, string subscription = "bench") => name switch
    {
        "virga" => new PulsarPeer(port, topic, subscription),
        "redis" => new RedisPeer(port, topic),
        "nats" => new NatsPeer(port, topic),
        _ => throw new ArgumentException($"There is no peer '{name}': virga, redis, nats.", nameof(name)),
    };

    /// <summary>A connection that publishes.</summary>
    /// <param name="number">Which of the run's producers.</param>
    /// <param name="payload">What each message carries.</param>
    /// <param name="batch">How many messages go together as one; those that have no batches send one message of that many payloads.</param>
    /// <param name="isBlocking">How it waits.</param>
    public abstract ValueTask<Publishing> PublishAsync(int number, byte[] payload, int batch, bool isBlocking);

    /// <summary>A connection that consumes: from the first message or from the next.</summary>
    public abstract ValueTask<Consuming> ConsumeAsync(bool fromStart, bool isBlocking);

    /// <summary>Makes what the messages go to, where that is needed.</summary>
    public virtual ValueTask CreateAsync() => ValueTask.CompletedTask;
}
