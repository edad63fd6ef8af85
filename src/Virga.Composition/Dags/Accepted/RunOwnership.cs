using System.Text;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Dags.Accepted;

/// <summary>Says which node runs an accepted run. Pure: all nodes that see the same nodes alive say the same; where they do not, the store decides.</summary>
internal static class RunOwnership
{
    // FNV-1a, 64 bits.
    private const ulong Basis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>Whether a run's owner has ended, or has been started again since.</summary>
    public static bool IsOrphan(AcceptedRun run, ClusterView view) => view.Find(run.Owner) is not { } owner || owner.Incarnation != run.Incarnation;

    /// <summary>The node that takes an orphan: of those alive the one with the greatest hash of node and run (rendezvous hashing; Thaler and Ravishankar, 1998).</summary>
    public static NodeName HeirOf(InvocationId run, ClusterView view)
    {
        var id = run.ToString();
        return view.Members.MaxBy(member => Hash(member.Name.Value, id))!.Name;
    }

    private static ulong Hash(string node, string run)
    {
        var hash = Basis;
        foreach (var part in Encoding.ASCII.GetBytes($"{node}/{run}"))
        {
            hash = unchecked((hash ^ part) * Prime);
        }

        // The last bytes differ in the low bits only: spread them.
        hash ^= hash >> 33;
        return unchecked(hash * 0xff51afd7ed558ccd);
    }
}
