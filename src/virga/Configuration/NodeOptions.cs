using System.Net;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Pulsar.Replication;
using Virga.Pulsar.Server;
using Virga.State.Logs;
using Virga.Telemetry.Metering;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Configuration;

/// <summary>How a node runs. Every value is already validated.</summary>
internal sealed record NodeOptions
{
    /// <summary>Where metadata, packages and logs are kept; an absolute path.</summary>
    public required string Data { get; init; }

    /// <summary>Where functions are served.</summary>
    public IPEndPoint Gateway { get; init; } = new(IPAddress.Loopback, 8080);

    /// <summary>Where the control API is.</summary>
    public IPEndPoint Admin { get; init; } = new(IPAddress.Loopback, 8090);

    /// <summary>Where Pulsar's clients connect; null for nowhere.</summary>
    public IPEndPoint? Pulsar { get; init; } = new(IPAddress.Loopback, PulsarOptions.UsualPort);

    /// <summary>How Pulsar's clients reach the node; null for the address that they connect to.</summary>
    public string? PulsarAdvertised { get; init; }

    /// <summary>The largest request body that the gateway takes.</summary>
    public ByteSize MaxBody { get; init; } = ByteSize.FromMegabytes(64);

    /// <summary>The largest package.</summary>
    public ByteSize MaxPackage { get; init; } = ByteSize.FromMegabytes(256);

    /// <summary>How functions that do not say are kept apart; null takes the strongest that the machine offers.</summary>
    public Isolation? Isolation { get; init; }

    /// <summary>How strongly functions are to be kept apart at least.</summary>
    public IsolationMinimums IsolationMinimums { get; init; } = new();

    /// <summary>Whether functions with egress may connect to private networks.</summary>
    public bool EgressToPrivateNetworks { get; init; }

    /// <summary>The resolvers of functions with egress; empty for those of the machine.</summary>
    public IReadOnlyList<IPAddress> Resolvers { get; init; } = [];

    /// <summary>Generic warm instances per built-in environment.</summary>
    public int PoolSize { get; init; } = 3;

    /// <summary>Memory that all instances may have together; null takes four fifths of the machine's.</summary>
    public ByteSize? MemoryBudget { get; init; }

    /// <summary>Disk that all snapshots may use together.</summary>
    public ByteSize SnapshotBudget { get; init; } = ByteSize.FromMegabytes(4096);

    /// <summary>Calls of one function that may wait for an instance.</summary>
    public int QueueLimit { get; init; } = 1000;

    /// <summary>Calls of all functions that may wait for instances.</summary>
    public int NodeQueueLimit { get; init; } = 10_000;

    /// <summary>How Npgsql reaches the database of the node's cluster; null for a node alone.</summary>
    public string? ClusterDatabase { get; init; }

    /// <summary>The URL of the RabbitMQ that keeps the messages of the cluster's topics; null where there is none.</summary>
    public string? ClusterRabbitMq { get; init; }

    /// <summary>The node's name in its cluster.</summary>
    public NodeName Name { get; init; } = NodeName.Single;

    /// <summary>Where the cluster's other nodes connect; port 0 takes a free one.</summary>
    public IPEndPoint ClusterAddress { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>The host by which other nodes reach this one; null when that is the address that it listens on.</summary>
    public string? ClusterHost { get; init; }

    /// <summary>What other clusters call this one, or the node alone; null where topics are not replicated.</summary>
    public string? ClusterName { get; init; }

    /// <summary>The clusters that topics can be replicated to.</summary>
    public IReadOnlyList<RemoteCluster> RemoteClusters { get; init; } = [];

    /// <summary>When writes to shared state are acknowledged.</summary>
    public Durability StateDurability { get; init; } = Durability.Interval;

    /// <summary>Memory that values of shared state may occupy.</summary>
    public ByteSize StateMemory { get; init; } = ByteSize.FromMegabytes(256);

    /// <summary>When a published message is acknowledged.</summary>
    public LedgerDurability TopicDurability { get; init; } = LedgerDurability.Always;

    /// <summary>The bucket that old ledgers of topics are handed on to; null where there is none.</summary>
    public S3ColdOptions? TopicOffload { get; init; }

    /// <summary>Memory for the newest messages of all topics.</summary>
    public ByteSize TopicMemory { get; init; } = ByteSize.FromMegabytes(64);

    /// <summary>The least grave lines of the node's own log.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>How long a stopping node waits for calls in flight.</summary>
    public Duration DrainTimeout { get; init; } = Duration.FromSeconds(30);

    /// <summary>Where traces are sent, an OTLP endpoint; null sends none.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>What usage costs; null where it costs nothing.</summary>
    public PriceSheet? Prices { get; init; }

    /// <summary>Deploy the samples of this folder when the data folder is empty, call each, and say what happened; null does not.</summary>
    public string? Welcome { get; init; }
}
