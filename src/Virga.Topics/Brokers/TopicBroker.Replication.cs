using Virga.Core.Names;
using Virga.Core.Problems;

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

    private void RequireKnown(IReadOnlyList<string> clusters)
    {
        var known = Clusters;
        foreach (var cluster in clusters)
        {
            if (!known.Contains(cluster, StringComparer.Ordinal))
            {
                throw new ProblemException(KnownProblems.InvalidRequest(
                    $"No cluster '{ResourceName.Shorten(cluster)}' is known to this node, which is of '{known[0]}'.", "Name it when nodes start: `virga up --cluster-name NAME --remote-cluster OTHER=pulsar://HOST:PORT`."));
            }
        }
    }
}
