using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Storage;
using Virga.Pulsar.Clients;
using Virga.Pulsar.Replication;
using Virga.State.Logs;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Configuration;

/// <summary>Everything that can be configured about a node.</summary>
internal static class NodeSettings
{
    private static readonly NodeSetting Gateway = new(
        "--gateway", "gateway.listen", "HOST:PORT", "Where functions are served [127.0.0.1:8080]", "an address such as 127.0.0.1:8080",
        (options, text, _) => Address(text) is { } address ? options with { Gateway = address } : null);

    private static readonly NodeSetting Admin = new(
        "--admin", "admin.listen", "HOST:PORT", "Where the control API is [127.0.0.1:8090]", "an address such as 127.0.0.1:8090",
        (options, text, _) => Address(text) is { } address ? options with { Admin = address } : null);

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<NodeSetting> All { get; } =
    [
        new("--data", "data", "DIR", "Where metadata, packages and logs are kept [./.virga]", "the path of a folder",
            (options, text, folder) => text.Contains('\0', StringComparison.Ordinal) ? null : options with { Data = Path.GetFullPath(text, folder) }),
        Gateway,
        Admin,
        new("--pulsar", "pulsar.listen", "HOST:PORT|off", "Where Pulsar's clients connect [127.0.0.1:6650]", "an address such as 127.0.0.1:6650, or off",
            (options, text, _) => text == "off" ? options with { Pulsar = null } : Address(text) is { } address ? options with { Pulsar = address } : null),
        new("--pulsar-advertised", "pulsar.advertised", "HOST:PORT", "How Pulsar's clients reach the node [the address that they connect to]", "a host and a port such as topics.example.org:6650",
            (options, text, _) => IsReachable(text) ? options with { PulsarAdvertised = text } : null),
        new("--max-body", "gateway.maxBody", "SIZE", "The largest request body [64MB]", "a size such as 64MB",
            (options, text, _) => ByteSize.TryParse(text, out var size) && size.Bytes > 0 ? options with { MaxBody = size } : null),
        new("--max-package", "packages.maxSize", "SIZE", "The largest package [256MB]", "a size such as 256MB",
            (options, text, _) => ByteSize.TryParse(text, out var size) && size.Bytes > 0 ? options with { MaxPackage = size } : null),
        new("--isolation", "instances.isolation", "process|bubblewrap|gvisor", "How functions that do not say are kept apart [bubblewrap where it is available]", "process, bubblewrap or gvisor",
            (options, text, _) => ReadIsolation(text) is { } isolation ? options with { Isolation = isolation } : null),
        new("--minimum-isolation", "isolation.minimum", "process|bubblewrap|gvisor", "How strongly every function is to be kept apart at least [process]", "process, bubblewrap or gvisor",
            (options, text, _) => ReadIsolation(text) is { } least ? options with { IsolationMinimums = options.IsolationMinimums with { Everyone = least } } : null),
        new("--egress-private", "instances.egressPrivate", "allow|deny", "Whether functions with egress may connect to private networks [deny]", "allow or deny",
            (options, text, _) => text is "allow" or "deny" ? options with { EgressToPrivateNetworks = text == "allow" } : null),
        new("--resolvers", "instances.resolvers", "ADDRESSES", "Resolvers that functions with egress ask [the machine's]", "IPv4 addresses, separated by commas",
            (options, text, _) => Addresses(text) is { } resolvers ? options with { Resolvers = resolvers } : null),
        new("--pool-size", "instances.poolSize", "N", "Generic warm instances of each built-in environment [3]", "a whole number from 0 to 100",
            (options, text, _) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= 100 ? options with { PoolSize = size } : null),
        new("--memory-budget", "instances.memoryBudget", "SIZE", "Memory that all instances may have together [four fifths of the machine's]", "a size such as 8GB, 256MB or more",
            (options, text, _) => ByteSize.TryParse(text, out var size) && size.Bytes >= 256L << 20 ? options with { MemoryBudget = size } : null),
        new("--snapshot-budget", "instances.snapshotBudget", "SIZE", "Disk that all snapshots may use together [4GB]", "a size such as 4GB",
            (options, text, _) => ByteSize.TryParse(text, out var size) ? options with { SnapshotBudget = size } : null),
        new("--queue-limit", "instances.queueLimit", "N", "Calls of one function that may wait for an instance [1000]", "a whole number from 1 to 1000000",
            (options, text, _) => Count(text) is { } limit ? options with { QueueLimit = limit } : null),
        new("--node-queue-limit", "instances.nodeQueueLimit", "N", "Calls of all functions that may wait for instances [10000]", "a whole number from 1 to 1000000",
            (options, text, _) => Count(text) is { } limit ? options with { NodeQueueLimit = limit } : null),
        new("--cluster", "cluster.database", "URL", "The PostgreSQL that the nodes of a cluster share; needs --node [a node alone]", "the URL of a PostgreSQL, such as postgres://user:password@host:5432/database",
            (options, text, _) => Database(text) is { } database ? options with { ClusterDatabase = database } : null, HasSecret: true),
        new("--rabbitmq", "cluster.rabbitmq", "URL", "The RabbitMQ that keeps the messages of a cluster's topics; needs --cluster [no topics]", "the URL of a RabbitMQ, such as amqp://user:password@host:5672/vhost",
            (options, text, _) => RabbitMqUrl.IsValid(text) ? options with { ClusterRabbitMq = text } : null, HasSecret: true),
        new("--node", "cluster.node", "NAME", "The node's name in its cluster; needs --cluster", $"a name of its own in the cluster: {ResourceName.Rule}",
            (options, text, _) => ResourceName.TryParse(text, out var name) ? options with { Name = new NodeName(name) } : null),
        new("--cluster-address", "cluster.listen", "HOST:PORT", "Where the cluster's other nodes connect [127.0.0.1, a free port]", "an address such as 10.0.0.5:8100",
            (options, text, _) => Address(text) is { } address ? options with { ClusterAddress = address } : null),
        new("--cluster-host", "cluster.host", "HOST", "The host by which other nodes reach this one [that of --cluster-address]", "a host name or an address",
            (options, text, _) => Uri.CheckHostName(text) != UriHostNameType.Unknown ? options with { ClusterHost = text } : null),
        new("--cluster-name", "cluster.name", "NAME", "What other clusters call this one, or the node alone; needs --remote-cluster [topics are not replicated]", $"a name: {ResourceName.Rule}",
            (options, text, _) => ResourceName.TryParse(text, out var name) ? options with { ClusterName = name.Value } : null),
        new("--remote-cluster", "cluster.remotes", "NAME=URL,…", "The clusters that topics can be replicated to, with where their nodes serve Pulsar's clients; needs --cluster-name [none]", "names and addresses such as us=pulsar://us.example.org:6650, separated by commas",
            (options, text, _) => Remotes(text) is { } remotes ? options with { RemoteClusters = remotes } : null),
        new("--state-durability", "state.durability", "sync|interval", "Acknowledge writes to shared state when they are on disk, or from memory some milliseconds before that [interval]", "sync or interval",
            (options, text, _) => text is "sync" or "interval" ? options with { StateDurability = text == "sync" ? Durability.Sync : Durability.Interval } : null),
        new("--state-memory", "state.memory", "SIZE", "Memory that values of shared state may occupy; the others are read from disk [256MB]", "a size such as 1GB, 16MB or more",
            (options, text, _) => ByteSize.TryParse(text, out var size) && size.Bytes >= 16L << 20 ? options with { StateMemory = size } : null),
        new("--topic-durability", "topics.durability", "sync|interval", "Acknowledge published messages when they are on disk, or some milliseconds before that [sync]", "sync or interval",
            (options, text, _) => text is "sync" or "interval" ? options with { TopicDurability = text == "sync" ? LedgerDurability.Always : LedgerDurability.Interval } : null),
        new("--topic-offload", "topics.offload", "URL", "The S3 bucket that old messages of topics are handed on to, where policies say so [none]", "the URL of a bucket, such as https://NAME:KEY@s3.example.com/BUCKET/PREFIX?region=REGION",
            (options, text, _) => S3Url.TryParse(text, out var bucket) ? options with { TopicOffload = bucket } : null, HasSecret: true),
        new("--topic-memory", "topics.memory", "SIZE", "Memory for the newest messages of all topics; older ones are read from disk [64MB]", "a size such as 256MB, 1MB or more",
            (options, text, _) => ByteSize.TryParse(text, out var size) && size.Bytes >= 1 << 20 ? options with { TopicMemory = size } : null),
        new("--log-level", "log.level", "LEVEL", "The least grave lines of the node's log: debug, info, warn or error [info]", "debug, info, warn or error",
            (options, text, _) => Level(text) is { } level ? options with { LogLevel = level } : null),
        new("--drain-timeout", "drainTimeout", "DURATION", "How long a stopping node waits for calls in flight [30s]", "a duration such as 30s",
            (options, text, _) => Duration.TryParse(text, out var duration) ? options with { DrainTimeout = duration } : null),
        new("--otlp-endpoint", "telemetry.otlpEndpoint", "URL", "Where traces are sent, by OTLP [nowhere]", "a URL such as http://127.0.0.1:4317",
            (options, text, _) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? options with { OtlpEndpoint = url } : null),
    ];

    /// <summary>The isolation of a name; null for anything else.</summary>
    public static Isolation? ReadIsolation(string text) => text switch
    {
        "process" => Isolation.Process,
        "bubblewrap" => Isolation.Bubblewrap,
        "gvisor" => Isolation.Gvisor,
        _ => null,
    };

    private static RemoteCluster[]? Remotes(string text)
    {
        RemoteCluster?[] remotes = [.. text.Split(',').Select(static part =>
            part.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && ResourceName.TryParse(part[..at], out _) && BrokerUrl.Parse(part[(at + 1)..]) is { } url ? new RemoteCluster(part[..at], url) : null)];
        return remotes.Contains(null) || remotes.DistinctBy(static remote => remote!.Name).Count() < remotes.Length ? null : remotes.OfType<RemoteCluster>().ToArray();
    }

    private static string? Database(string text)
    {
        try
        {
            return PostgresUrl.ToConnectionString(text);
        }
        catch (ProblemException)
        {
            // The reader says which setting it was, and what it takes.
            return null;
        }
    }

    private static bool IsReachable(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && Uri.CheckHostName(text[..colon]) != UriHostNameType.Unknown && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;
    }

    private static int? Count(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 1_000_000 ? count : null;

    private static LogLevel? Level(string text) => text switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => null,
    };

    private static IPAddress[]? Addresses(string text)
    {
        IPAddress?[] addresses = [.. text.Split(',').Select(part => IPAddress.TryParse(part, out var address) && address.AddressFamily == AddressFamily.InterNetwork ? address : null)];
        return addresses.Contains(null) ? null : [.. addresses.OfType<IPAddress>()];
    }

    // Clients find the node by the same variables, as a URL: both forms are taken.
    private static IPEndPoint? Address(string text)
    {
        const string Scheme = "http://";
        var address = text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? text[Scheme.Length..].TrimEnd('/') : text;
        var colon = address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return null;
        }

        var host = address[..colon] switch
        {
            "localhost" => "127.0.0.1",
            "*" => "0.0.0.0",
            ['[', .. var v6, ']'] => v6,
            var other => other,
        };
        return IPAddress.TryParse(host, out var ip) ? new IPEndPoint(ip, port) : null;
    }
}
