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

    /// <summary>Whether the policies of any topic or namespace name clusters.</summary>
    public bool AnyReplication => _services.Policies.Replication.Length > 0;

    /// <summary>The policies say something else of replication.</summary>
    internal void TellReplicationChanged() => ReplicationChanged?.Invoke();

    private void RequireKnown(IReadOnlyList<string> clusters)
    {
        var options = _services.Options;
        foreach (var cluster in clusters)
        {
            if (cluster != options.Cluster && !options.RemoteClusters.Contains(cluster, StringComparer.Ordinal))
            {
                throw new ProblemException(KnownProblems.InvalidRequest(
                    $"No cluster '{ResourceName.Shorten(cluster)}' is known to this node, which is of '{options.Cluster}'.", "Name it when nodes start: `virga up --cluster-name NAME --remote-cluster OTHER=pulsar://HOST:PORT`."));
            }
        }
    }
}
