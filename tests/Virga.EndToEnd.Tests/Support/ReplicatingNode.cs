namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node that is a cluster of its own and replicates topics to another one.</summary>
/// <param name="name">What the cluster is called.</param>
/// <param name="remote">The other one, as <c>--remote-cluster</c> takes it.</param>
public sealed class ReplicatingNode(string name, string remote) : VirgaNode
{
    /// <inheritdoc/>
    protected override IReadOnlyList<string> Options => [.. base.Options, "--cluster-name", name, "--remote-cluster", remote];
}
