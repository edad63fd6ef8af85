using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Topics.Names;

namespace Virga.Topics.Brokers;

/// <summary>
/// Which node owns a topic: by rendezvous hashing (Thaler, Ravishankar, 1998), so that when a node comes or goes only the topics that it gets or had move. Immutable; made anew for each view of the cluster.
/// </summary>
internal sealed class TopicOwners
{
    // The same on all nodes: .NET's own hash codes differ from process to process.
    private const ulong Seed = 0xcbf29ce484222325;

    private readonly NodeName[] _nodes;
    private readonly ulong[] _hashes;

    public TopicOwners(ClusterView view)
    {
        _nodes = [.. view.Members.Select(static member => member.Name)];
        _hashes = [.. _nodes.Select(static node => Hash(Seed, node.Value))];
    }

    /// <summary>The owner of a topic.</summary>
    public NodeName Of(TopicName topic)
    {
        if (_nodes.Length == 1)
        {
            return _nodes[0];
        }

        var hash = Hash(Hash(Hash(Hash(Seed, topic.IsPersistent ? "p" : "n"), topic.Tenant), topic.Namespace), topic.Local);
        var best = 0;
        ulong bestScore = 0;
        for (var i = 0; i < _nodes.Length; i++)
        {
            var score = Mix(hash ^ _hashes[i]);
            if (i == 0 || score > bestScore)
            {
                (best, bestScore) = (i, score);
            }
        }

        return _nodes[best];
    }

    // FNV-1a over UTF-16, then the finaliser of SplitMix64.
    private static ulong Hash(ulong seed, string text)
    {
        foreach (var c in text)
        {
            seed = (seed ^ c) * 0x100000001b3;
        }

        return Mix(seed);
    }

    private static ulong Mix(ulong value)
    {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
