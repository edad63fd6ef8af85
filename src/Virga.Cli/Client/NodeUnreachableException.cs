namespace Virga.Cli.Client;

/// <summary>No node answers at the admin address, or what answers is no node.</summary>
/// <param name="admin">The address that was tried.</param>
/// <param name="reason">What came instead of an answer.</param>
/// <param name="inner">The failure of the connection.</param>
public sealed class NodeUnreachableException(Uri admin, string reason, Exception? inner = null)
    : Exception($"No Virga node answers at {admin.GetLeftPart(UriPartial.Authority)}: {reason}.", inner)
{
    /// <summary>How to mend it.</summary>
    public string Fix => "Start one with `virga up`, or name another with --admin URL or VIRGA_ADMIN.";
}
