namespace Virga.Execution.Pools;

/// <summary>One instance at the moment.</summary>
/// <param name="Id">Its id on this node.</param>
/// <param name="Version">The function version that it runs.</param>
/// <param name="State"><c>idle</c>, <c>busy</c>, <c>draining</c>, <c>freezing</c> or <c>frozen</c>.</param>
/// <param name="Calls">Calls that it has been given.</param>
/// <param name="InFlight">Calls that it has now.</param>
/// <param name="Pid">Process id on the host.</param>
/// <param name="Memory">Memory that it occupies, in bytes.</param>
/// <param name="StartedAt">When its process began.</param>
public sealed record InstanceStatus(string Id, int Version, string State, int Calls, int InFlight, int Pid, long Memory, DateTimeOffset StartedAt);
