using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Virga.Cluster;
using Virga.Configuration;
using Virga.Core.Nodes;
using Virga.Core.Problems;

namespace Virga.Hosting;

/// <summary>The other nodes, as this one knows them: a cluster's, or none.</summary>
internal sealed class NodeMembership : IAsyncDisposable
{
    private readonly ClusterNode? _cluster;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _startedAt;
    private (string Gateway, string Admin) _addresses = ("", "");

    private NodeMembership(ClusterNode? cluster, INodeLink link, TimeProvider time)
    {
        _cluster = cluster;
        _time = time;
        _startedAt = time.GetUtcNow();
        Link = link;
    }

    /// <summary>Messages to the other nodes.</summary>
    public INodeLink Link { get; }

    /// <summary>Whether the node belongs to a cluster.</summary>
    public bool IsClustered => _cluster is not null;

    /// <summary>Whether the node is sure to be a member of its cluster; a node alone always is.</summary>
    public bool IsMember => _cluster?.IsMember ?? true;

    /// <summary>Where the cluster's other nodes connect; null for a node alone.</summary>
    public string? Address => _cluster?.Address;

    /// <summary>How far this machine's clock is behind the cluster's.</summary>
    public TimeSpan ClockOffset => _cluster?.ClockOffset ?? TimeSpan.Zero;

    /// <summary>Raised from time to time with how far this machine's clock is behind the cluster's.</summary>
    public event Action<TimeSpan>? ClockMeasured;

    /// <summary>Takes the node's name in its cluster; the others see it after <see cref="Join"/>.</summary>
    /// <param name="options">The node's options.</param>
    /// <param name="load">Which part of the processors is in use.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it tells what happens.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="ProblemException"><c>node-name-in-use</c>, <c>cluster-unavailable</c>, <c>unavailable</c>.</exception>
    public static async Task<NodeMembership> OpenAsync(NodeOptions options, Func<double> load, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        if (options.ClusterDatabase is not { } database)
        {
            return new NodeMembership(null, new SingleNodeLink(options.Name), time);
        }

        try
        {
            var cluster = await ClusterNode.OpenAsync(
                new ClusterOptions
                {
                    ConnectionString = database,
                    Name = options.Name,
                    Listen = options.ClusterAddress,
                    AdvertisedHost = options.ClusterHost,
                    Version = Installation.Version,
                    Load = load,
                },
                time,
                new Random(),
                loggers,
                cancellation);
            var membership = new NodeMembership(cluster, cluster.Link, time);
            cluster.ClockMeasured += offset => membership.ClockMeasured?.Invoke(offset);
            return membership;
        }
        catch (SocketException e)
        {
            throw new ProblemException(
                KnownProblems.Unavailable($"The node cannot listen on {options.ClusterAddress} for the others: {e.Message}.", "Choose an address and port that this user may use with --cluster-address HOST:PORT."), e);
        }
    }

    /// <summary>Takes part from now on.</summary>
    public void Join(Uri gateway, Uri admin)
    {
        _addresses = (gateway.ToString().TrimEnd('/'), admin.ToString().TrimEnd('/'));
        _cluster?.Join(_addresses.Gateway, _addresses.Admin);
    }

    /// <summary>Takes part no more; what is under way goes on.</summary>
    public void Retire() => _cluster?.Retire();

    /// <summary>All nodes.</summary>
    public IReadOnlyList<ClusterNodeStatus> Nodes() => _cluster?.Nodes() ??
    [
        new ClusterNodeStatus(Link.Self.Value, "alive", 1, "", _addresses.Gateway, _addresses.Admin, 0, 0, 0, _startedAt, Installation.Version, IsSelf: true),
    ];

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? ValueTask.CompletedTask;
}
