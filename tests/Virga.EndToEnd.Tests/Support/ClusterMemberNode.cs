namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node of a cluster.</summary>
/// <param name="name">Its name.</param>
/// <param name="database">The cluster's database, as a URL.</param>
/// <param name="rabbitMq">The URL of what keeps the messages of topics; null for a cluster without them.</param>
public sealed class ClusterMemberNode(string name, string database, string? rabbitMq = null) : VirgaNode
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Options =>
        ["--pool-size", "1", "--cluster", database, "--node", name, "--state-durability", "sync", .. rabbitMq is null ? (string[])[] : ["--rabbitmq", rabbitMq]];
}
