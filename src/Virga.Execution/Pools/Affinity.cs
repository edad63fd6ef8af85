using Virga.Execution.Instances;

namespace Virga.Execution.Pools;

/// <summary>
/// Sends equal keys to the same instance by rendezvous hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates",
/// IEEE/ACM Transactions on Networking 6(1), 1998): when an instance comes or goes, only the keys that it wins or had move.
/// </summary>
internal static class Affinity
{
    /// <summary>The instance that a key belongs to, among those given; there is at least one.</summary>
    public static Instance Choose(IReadOnlyList<Instance> instances, string key)
    {
        var hash = Hash(key);
        var best = instances[0];
        var bestWeight = Weight(hash, best);
        for (var i = 1; i < instances.Count; i++)
        {
            var weight = Weight(hash, instances[i]);
            if (weight > bestWeight)
            {
                (best, bestWeight) = (instances[i], weight);
            }
        }

        return best;
    }

    private static ulong Weight(ulong key, Instance instance) => Mix(key ^ instance.AffinityHash);

    /// <summary>FNV-1a (Fowler, Noll, Vo), which spreads short keys well enough once it is mixed.</summary>
    internal static ulong Hash(string text)
    {
        var hash = 14_695_981_039_346_656_037UL;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1_099_511_628_211UL;
        }

        return Mix(hash);
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
