using System.Net;
using Virga.Cluster.Membership;
using Virga.Core.Names;

namespace Virga.Cluster;

/// <summary>How a node takes part in a cluster.</summary>
public sealed record ClusterOptions
{
    /// <summary>How Npgsql reaches the cluster's database.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>The node's name, which no other node of the cluster has.</summary>
    public required NodeName Name { get; init; }

    /// <summary>Where other nodes connect; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>The host by which others reach <see cref="Listen"/>; null when that is its address itself.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>The node's version of Virga, for others to see.</summary>
    public string Version { get; init; } = "";

    /// <summary>Which part of the node's processors is in use, 0 to 1; asked at each renewal.</summary>
    public Func<double> Load { get; init; } = static () => 0;

    /// <summary>The times of membership.</summary>
    public LeaseSettings Leases { get; init; } = new();
}
