using Virga.Core.Names;

namespace Virga.Cluster.Membership;

/// <summary>The leases of all nodes, where all nodes see the same. Tests have one that lives in simulated time.</summary>
internal interface ILeaseTable : IAsyncDisposable
{
    /// <summary>Takes a name whose lease has run out or that nobody has.</summary>
    /// <returns>The new incarnation, greater than any before; null when another run holds the name.</returns>
    /// <exception cref="LeaseTableException">The table cannot be reached now.</exception>
    ValueTask<long?> ClaimAsync(NodeName name, NodeReport report, TimeSpan lease, CancellationToken cancellation);

    /// <summary>Renews a lease that has not run out, and reads all of them.</summary>
    /// <exception cref="LeaseTableException">The table cannot be reached now; whether the lease was renewed is not known.</exception>
    ValueTask<LeaseReading> RenewAsync(NodeName name, long incarnation, NodeReport report, TimeSpan lease, CancellationToken cancellation);

    /// <summary>Gives the name back.</summary>
    /// <exception cref="LeaseTableException">The table cannot be reached now; the lease runs out by itself.</exception>
    ValueTask LeaveAsync(NodeName name, long incarnation, CancellationToken cancellation);

    /// <summary>Waits until another node has come or gone, as far as the table says so at once, but no longer than <paramref name="patience"/>.</summary>
    ValueTask WaitAsync(TimeSpan patience, CancellationToken cancellation);
}
