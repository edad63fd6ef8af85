using System.Net;

namespace Virga.Cluster.Link;

/// <summary>How a node's link to the others behaves.</summary>
internal sealed record LinkOptions
{
    /// <summary>Where other nodes connect; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>What all nodes of the cluster know and nobody else does.</summary>
    public required byte[] Secret { get; init; }

    /// <summary>The longest message, in bytes: a value of 16 MiB with all that goes with it.</summary>
    public int MaxMessage { get; init; } = 20 << 20;

    /// <summary>Longer messages are sent in pieces of so many bytes, between which others get their turn.</summary>
    public int PieceBytes { get; init; } = 64 << 10;

    /// <summary>Bytes that may wait for one node; who asks or answers waits until there is room.</summary>
    public long QueueBytes { get; init; } = 64 << 20;

    /// <summary>Asks and posts of one node that may be worked on at a time.</summary>
    public int MaxServing { get; init; } = 16_384;

    /// <summary>Bytes of messages of which not all pieces have come yet, of one node.</summary>
    public long AssemblyBytes { get; init; } = 256 << 20;

    /// <summary>How often a node says that it is there.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A connection on which nothing came for so long is broken.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long connecting and proving the secret may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long messages to a node of the view wait for a connection, counted from when there was none.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of posted messages that wait for a connection, of one node.</summary>
    public long HeldBytes { get; init; } = 4 << 20;

    /// <summary>The first wait before connecting again; it doubles up to <see cref="MaxBackOff"/>.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait before connecting again.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Connections that may be proving the secret at a time; further ones are closed.</summary>
    public int MaxHandshakes { get; init; } = 64;
}
