using System.Net;

namespace Virga.Pulsar.Server;

/// <summary>How a node serves Pulsar's clients.</summary>
public sealed record PulsarOptions
{
    /// <summary>The port that Pulsar's clients expect.</summary>
    public const int UsualPort = 6650;

    /// <summary>The largest message that clients send in one piece unless it is said, in bytes; as in Pulsar.</summary>
    public const int UsualMaxMessageSize = 5 * 1024 * 1024;

    /// <summary>Where it listens; port 0 for a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, UsualPort);

    /// <summary>How clients reach the node, <c>HOST:PORT</c>; null where that is the address at which they have reached it.</summary>
    public string? Advertised { get; init; }

    /// <summary>The largest message that clients send in one piece, in bytes.</summary>
    public int MaxMessageSize { get; init; } = UsualMaxMessageSize;

    /// <summary>After how long without a sign of life a client is asked for one; if none comes in as long again, its connection is closed.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);
}
