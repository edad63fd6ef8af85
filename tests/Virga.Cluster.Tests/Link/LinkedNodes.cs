using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Cluster.Link;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Cluster.Tests.Link;

/// <summary>Nodes that are linked over loopback, without membership: a test says who is alive.</summary>
internal sealed class LinkedNodes : IAsyncDisposable
{
    private readonly Dictionary<string, ClusterLink> _links = new(StringComparer.Ordinal);
    private readonly Func<LinkOptions, LinkOptions> _configure;
    private readonly Dictionary<string, long> _incarnations = new(StringComparer.Ordinal);
    private long _incarnation;
    private long _view;

    public LinkedNodes(Func<LinkOptions, LinkOptions>? configure = null) => _configure = configure ?? (static options => options);

    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    public byte[] Secret { get; } = RandomNumberGenerator.GetBytes(32);

    public ClusterLink this[string name] => _links[name];

    public static NodeName Name(string text) => NodeName.Parse(text);

    /// <summary>Starts nodes that all see each other.</summary>
    public static LinkedNodes Start(params string[] names) => Start(null, names);

    public static LinkedNodes Start(Func<LinkOptions, LinkOptions>? configure, params string[] names)
    {
        var nodes = new LinkedNodes(configure);
        foreach (var name in names)
        {
            nodes.Add(name);
        }

        nodes.ShowAll();
        return nodes;
    }

    /// <summary>Starts one node, which nobody sees yet.</summary>
    public ClusterLink Add(string name, byte[]? secret = null)
    {
        var options = _configure(new LinkOptions { Secret = secret ?? Secret });
        var link = new ClusterLink(Name(name), options, TimeProvider.System, new Random(1), NullLogger<ClusterLink>.Instance);
        link.Handle(NodeTopic.DagStep, (_, body, _) => ValueTask.FromResult<ReadOnlyMemory<byte>>(body.ToArray()));
        link.Listen();
        _links[name] = link;
        _incarnations[name] = ++_incarnation;
        return link;
    }

    /// <summary>Ends one node as a kill does: the others are not told.</summary>
    public async Task KillAsync(string name)
    {
        _links.Remove(name, out var link);
        await link!.DisposeAsync();
    }

    public ClusterMember MemberOf(string name)
    {
        var link = _links[name];
        return new ClusterMember(link.Self, _incarnations[name], link.Address.ToString(), 0);
    }

    /// <summary>Tells every node of all.</summary>
    public void ShowAll()
    {
        var members = _links.Keys.Order(StringComparer.Ordinal).Select(MemberOf).ToList();
        foreach (var link in _links.Values)
        {
            link.Apply(new ClusterView(++_view, members));
        }
    }

    public async Task<byte[]> EchoAsync(string from, string to, byte[] body) =>
        (await _links[from].AskAsync(Name(to), NodeTopic.DagStep, body, TestContext.Current.CancellationToken)).ToArray();

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links.Values)
        {
            await link.DisposeAsync();
        }
    }
}
