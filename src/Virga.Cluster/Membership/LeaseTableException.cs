namespace Virga.Cluster.Membership;

/// <summary>The table of leases cannot be reached, or failed, for now.</summary>
internal sealed class LeaseTableException(string message, Exception? inner = null) : Exception(message, inner);
