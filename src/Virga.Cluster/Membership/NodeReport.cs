namespace Virga.Cluster.Membership;

/// <summary>What a node says of itself when it renews its lease.</summary>
/// <param name="Address">Where other nodes connect, <c>host:port</c>.</param>
/// <param name="IsReady">Whether it takes part: a node that is starting has its name already, but is in nobody's view.</param>
/// <param name="Load">Which part of its processors is in use, 0 to 1.</param>
/// <param name="ClockOffset">How far its clock is behind the database's; negative when it is ahead.</param>
/// <param name="Version">Its version of Virga.</param>
/// <param name="Gateway">Where it serves functions; empty while it does not.</param>
/// <param name="Admin">Where its control API is; empty while there is none.</param>
internal sealed record NodeReport(string Address, bool IsReady, double Load, TimeSpan ClockOffset, string Version, string Gateway, string Admin);
