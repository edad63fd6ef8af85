using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;

namespace Virga.Pulsar.Lookups;

/// <summary>Where Pulsar's clients reach the nodes: this one by its own configuration, the others as they say themselves, asked once for each run of them.</summary>
internal sealed class BrokerAddresses
{
    private readonly INodeLink _link;
    private readonly string? _advertised;
    private readonly ConcurrentDictionary<(NodeName Node, long Incarnation), string> _known = [];
    private IPEndPoint _bound = new(IPAddress.Loopback, 0);

    /// <summary>The addresses as the nodes of a link say them.</summary>
    public BrokerAddresses(INodeLink link, string? advertised)
    {
        (_link, _advertised) = (link, advertised);
        link.Handle(NodeTopic.PulsarAddress, (_, _, _) => ValueTask.FromResult<ReadOnlyMemory<byte>>(Encoding.UTF8.GetBytes(ForNodes())));
    }

    /// <summary>Sets where this node listens.</summary>
    public void Bind(IPEndPoint bound) => _bound = bound;

    /// <summary>This node's address for a client that has reached it at one.</summary>
    public string Own(IPEndPoint reached) => Url(_advertised ?? Text(reached.Address, reached.Port));

    /// <summary>The address of another node.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: the node does not answer, or serves no clients of Pulsar.</exception>
    public async ValueTask<string> OfAsync(NodeName node, CancellationToken cancellation)
    {
        if (_link.View.Find(node) is not { } member)
        {
            throw new ProblemException(KnownProblems.Unavailable($"The node '{node}' that owned the topic is gone.", "Ask again: another node takes the topic over."));
        }

        if (_known.TryGetValue((node, member.Incarnation), out var known))
        {
            return known;
        }

        string address;
        try
        {
            address = Encoding.UTF8.GetString((await _link.AskAsync(node, NodeTopic.PulsarAddress, ReadOnlyMemory<byte>.Empty, cancellation)).Span);
        }
        catch (NodeUnreachableException e)
        {
            throw new ProblemException(KnownProblems.Unavailable($"The node '{node}', which owns the topic, did not say where its clients connect: {e.Message}", "Ask again in a moment."), e);
        }

        if (address.Length == 0)
        {
            throw new ProblemException(KnownProblems.Unavailable($"The node '{node}', which owns the topic, serves no clients of Pulsar.", "Start it with --pulsar HOST:PORT."));
        }

        var url = Url(address);
        _known[(node, member.Incarnation)] = url;
        return url;
    }

    private static string Url(string address) => $"pulsar://{address}";

    // Who listens on all addresses is reached at the one at which the other nodes reach it.
    private string ForNodes()
    {
        if (_advertised is not null || _bound.Port == 0)
        {
            return _advertised ?? "";
        }

        var reached = _link.View.Find(_link.Self)?.Address ?? "";
        var colon = reached.LastIndexOf(':');
        return colon > 0 && (_bound.Address.Equals(IPAddress.Any) || _bound.Address.Equals(IPAddress.IPv6Any))
            ? string.Create(CultureInfo.InvariantCulture, $"{reached[..colon]}:{_bound.Port}")
            : Text(_bound.Address, _bound.Port);
    }

    private static string Text(IPAddress address, int port) => new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port).ToString();
}
