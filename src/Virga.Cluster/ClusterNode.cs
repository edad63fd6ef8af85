using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Npgsql;
using Virga.Cluster.Link;
using Virga.Cluster.Membership;
using Virga.Core.Nodes;
using Virga.Core.Problems;

namespace Virga.Cluster;

/// <summary>This node as a part of its cluster: its name, its lease, and the link to the others.</summary>
public sealed class ClusterNode : IAsyncDisposable
{
    private readonly ClusterOptions _options;
    private readonly ILeaseTable _table;
    private readonly ClusterLink _link;
    private readonly MembershipLoop _membership;

    // Replaced as a whole; read by the loop at each renewal.
    private Presence _presence = new(IsReady: false, "", "");

    private ClusterNode(ClusterOptions options, ILeaseTable table, ClusterLink link, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _table = table;
        _link = link;
        _membership = new MembershipLoop(options.Name, options.Leases, table, Report, Publish, time, loggers.CreateLogger<MembershipLoop>());
        link.Suspected += _membership.Suspect;
        link.Connected += _membership.Trust;
    }

    /// <summary>Messages to the other nodes, and who they are.</summary>
    public INodeLink Link => _link;

    /// <summary>Where other nodes connect.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Whether the node is a member: false while it cannot renew its lease and that is over. It goes on serving with whom it knew.</summary>
    public bool IsMember => _membership.IsMember;

    /// <summary>How far this machine's clock is behind the database's; negative when it is ahead.</summary>
    public TimeSpan ClockOffset => _membership.ClockOffset;

    /// <summary>Raised after each renewal, with <see cref="ClockOffset"/>.</summary>
    public event Action<TimeSpan>? ClockMeasured;

    /// <summary>Takes the node's name and begins to see the others; they see it after <see cref="Join"/>.</summary>
    /// <exception cref="ProblemException"><c>node-name-in-use</c>, <c>cluster-unavailable</c>.</exception>
    /// <exception cref="SocketException">The address to listen on cannot be used.</exception>
    public static async Task<ClusterNode> OpenAsync(ClusterOptions options, TimeProvider time, Random random, ILoggerFactory loggers, CancellationToken cancellation)
    {
        try
        {
            var secret = await ClusterSchema.OpenAsync(options.ConnectionString, cancellation);
            var link = new ClusterLink(options.Name, new LinkOptions { Secret = secret, Listen = options.Listen }, time, random, loggers.CreateLogger<ClusterLink>());
            var node = new ClusterNode(options, new PostgresLeaseTable(options.ConnectionString, options.Leases.Lease - options.Leases.Renewal), link, time, loggers);
            try
            {
                link.Listen();
                node.Address = Advertised(options, link.Address);
                if (await node._membership.ClaimAsync(cancellation) is null)
                {
                    var other = node.Nodes().First(found => found.Name == options.Name.Value);
                    throw new ProblemException(KnownProblems.NodeNameInUse($"The node '{options.Name}' runs already: at {other.Address}, since {other.StartedAt:u}."));
                }

                await node._membership.StartAsync(cancellation);
                return node;
            }
            catch
            {
                await node.DisposeAsync();
                throw;
            }
        }
        catch (Exception e) when (e is NpgsqlException or LeaseTableException)
        {
            throw new ProblemException(KnownProblems.ClusterUnavailable($"The cluster's database failed: {e.Message.TrimEnd('.')}."), e);
        }
    }

    /// <summary>Takes part from now on.</summary>
    /// <param name="gateway">Where the node serves functions.</param>
    /// <param name="admin">Where its control API is.</param>
    public void Join(string gateway, string admin)
    {
        Volatile.Write(ref _presence, new Presence(IsReady: true, gateway, admin));
        _membership.ReportNow();
    }

    /// <summary>Takes part no more: others send no new work. What is under way goes on.</summary>
    public void Retire()
    {
        Volatile.Write(ref _presence, _presence with { IsReady = false });
        _membership.ReportNow();
    }

    /// <summary>All nodes, also those whose lease has run out, as the leases were last read.</summary>
    public IReadOnlyList<ClusterNodeStatus> Nodes() =>
    [
        .. _membership.Rows.Select(row => new ClusterNodeStatus(
            row.Name.Value,
            row.Remaining <= TimeSpan.Zero ? "gone" : row.Report.IsReady ? "alive" : row.Report.Gateway.Length == 0 ? "starting" : "draining",
            row.Incarnation,
            row.Report.Address,
            row.Report.Gateway,
            row.Report.Admin,
            row.Report.Load,
            Math.Round(row.Remaining.TotalSeconds, 3),
            Math.Round(row.Report.ClockOffset.TotalMilliseconds, 1),
            row.StartedAt,
            row.Report.Version,
            row.Name == _options.Name)),
    ];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _membership.DisposeAsync();
        await _link.DisposeAsync();
        await _table.DisposeAsync();
    }

    private static string Advertised(ClusterOptions options, IPEndPoint listening)
    {
        var host = options.AdvertisedHost
            ?? (listening.Address.Equals(IPAddress.Any) || listening.Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : listening.Address.ToString());
        return string.Create(CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{listening.Port}");
    }

    private NodeReport Report()
    {
        var presence = Volatile.Read(ref _presence);
        return new NodeReport(Address, presence.IsReady, Math.Clamp(_options.Load(), 0, 1), ClockOffset, _options.Version, presence.Gateway, presence.Admin);
    }

    private void Publish(Core.Nodes.ClusterView view, bool hasChanged)
    {
        if (hasChanged)
        {
            _link.Apply(view);
        }
        else
        {
            _link.Refresh(view);
        }

        ClockMeasured?.Invoke(ClockOffset);
    }

    private sealed record Presence(bool IsReady, string Gateway, string Admin);
}
