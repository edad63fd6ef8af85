using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Virga.Execution.Sandboxes;

/// <summary>What the egress <c>internet</c> includes. Only IPv4 is connected.</summary>
internal sealed record EgressRules
{
    // Where clouds serve the machine's credentials and settings, which is always out of reach: link-local addresses (169.254.169.254),
    // those of protocols (192.0.0.192, Oracle), and one each of Azure and Alibaba.
    private static readonly string[] s_metadata = ["169.254.0.0/16", "192.0.0.0/24", "168.63.129.16/32", "100.100.100.200/32"];

    // RFC 1918, and the shared addresses of RFC 6598.
    private static readonly string[] s_private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

    /// <summary>Whether private addresses, those of the networks that the machine is in, can be connected to.</summary>
    public bool AllowsPrivate { get; init; }

    /// <summary>Resolvers that functions ask directly; empty for those of the machine, wherever they listen.</summary>
    public IReadOnlyList<IPAddress> Resolvers { get; init; } = [];

    /// <summary>Destinations that are unreachable: the rules, and every address of the machine itself as it is now.</summary>
    internal IEnumerable<string> Unreachable() => s_metadata.Concat(AllowsPrivate ? [] : s_private).Concat(OwnAddresses()).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> OwnAddresses() =>
        from network in NetworkInterface.GetAllNetworkInterfaces()
        from unicast in network.GetIPProperties().UnicastAddresses
        where unicast.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(unicast.Address)
        select $"{unicast.Address}/32";
}
