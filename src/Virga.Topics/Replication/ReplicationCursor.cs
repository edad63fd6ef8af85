using Virga.Topics.Names;

namespace Virga.Topics.Replication;

/// <summary>The names of what replicates a topic: on the one side the cursor, on the other one the producer. Nobody else may subscribe by such a name.</summary>
public static class ReplicationCursor
{
    /// <summary>What they begin with; a cluster's name follows.</summary>
    public const string Prefix = "virga.repl.";

    /// <summary>The subscription that says how far a topic is replicated to a cluster.</summary>
    public static SubscriptionName Of(string cluster) => SubscriptionName.TryParse(NameOf(cluster), out var name) ? name : throw new ArgumentException($"'{cluster}' names no cluster.", nameof(cluster));

    /// <summary>The name as text; that of the producer, too, where the cluster is the one that it comes from.</summary>
    public static string NameOf(string cluster) => Prefix + cluster;

    /// <summary>Whether a subscription is such a cursor.</summary>
    public static bool IsOne(SubscriptionName name) => name.Value.StartsWith(Prefix, StringComparison.Ordinal);
}
