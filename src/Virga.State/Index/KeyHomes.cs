using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Keys;

namespace Virga.State.Index;

/// <summary>
/// Which node is a key's home: the one that knows which caches hold it. By rendezvous hashing (Thaler, Ravishankar, 1998): when a node comes or goes, only the
/// keys that it gets or had move. Immutable; made anew for each view of the cluster.
/// </summary>
internal sealed class KeyHomes
{
    private readonly NodeName[] _nodes;
    private readonly ulong[] _hashes;

    public KeyHomes(ClusterView view)
    {
        _nodes = new NodeName[view.Members.Count];
        _hashes = new ulong[view.Members.Count];
        for (var i = 0; i < _nodes.Length; i++)
        {
            _nodes[i] = view.Members[i].Name;
            _hashes[i] = Hash(Seed, _nodes[i].Value);
        }
    }

    // The same on all nodes: .NET's own hash codes differ from process to process.
    private const ulong Seed = 0xcbf29ce484222325;

    /// <summary>The home of a key.</summary>
    public NodeName Of(StateKey key)
    {
        if (_nodes.Length == 1)
        {
            return _nodes[0];
        }

        var hash = Hash(Hash(Hash(Seed, key.Scope.Tenant.Value), key.Scope.Namespace.Value), key.Text);
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

    // FNV-1a over UTF-16, then the finaliser of SplitMix64: equal scores do not happen, and names that differ by a digit score independently.
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
