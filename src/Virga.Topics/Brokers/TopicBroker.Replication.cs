using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Policies;

namespace Virga.Topics.Brokers;

/// <content>What who replicates topics to other clusters needs to know.</content>
public sealed partial class TopicBroker
{
    /// <summary>Raised when a topic has come into memory. Handlers return at once.</summary>
    public event Action<Topic>? Opened;

    /// <summary>Raised when the policies say anything else of replication than before. Handlers return at once.</summary>
    public event Action? ReplicationChanged;

    /// <summary>The clusters that policies may name, this one first.</summary>
    public IReadOnlyList<string> Clusters => [_services.Options.Cluster, .. _services.Options.RemoteClusters];

    /// <summary>Whether the policies of any topic or namespace name clusters.</summary>
    public bool AnyReplication => _services.Policies.Replication.Length > 0;

    /// <summary>The policies say something else of replication.</summary>
    internal void TellReplicationChanged() => ReplicationChanged?.Invoke();

    // What was said already may be said again, with other policies, although this node does not know the cluster any more.
    private async ValueTask RequireKnownAsync(PolicyOwner of, IReadOnlyList<string> clusters, CancellationToken cancellation)
    {
        var known = Clusters;
        foreach (var cluster in clusters)
        {
            if (!known.Contains(cluster, StringComparer.Ordinal) && (await _services.Policies.GetAsync(of, cancellation)).Policies.ReplicationClusters?.Contains(cluster, StringComparer.Ordinal) != true)
            {
                throw new ProblemException(KnownProblems.InvalidRequest(
                    $"No cluster '{ResourceName.Shorten(cluster)}' is known to this node, which is of '{known[0]}'.", "Name it when nodes start: `virga up --cluster-name NAME --remote-cluster OTHER=pulsar://HOST:PORT`."));
            }
        }
    }
}
