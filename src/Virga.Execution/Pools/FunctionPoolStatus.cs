using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Execution.Pools;

/// <summary>What a function's pool holds at the moment.</summary>
public sealed record FunctionPoolStatus(IReadOnlyList<InstanceStatus> Instances, int Starting, int Queued, Problem? LastFailure);

/// <summary>One instance at the moment.</summary>
/// <param name="Id">Its id on this node.</param>
/// <param name="Version">The function version that it runs.</param>
/// <param name="State"><c>idle</c>, <c>busy</c> or <c>draining</c>.</param>
/// <param name="Calls">Calls that it has been given.</param>
/// <param name="InFlight">Calls that it has now.</param>
/// <param name="Pid">Process id on the host.</param>
/// <param name="Memory">Memory in use, in bytes.</param>
/// <param name="StartedAt">When its process began.</param>
public sealed record InstanceStatus(string Id, int Version, string State, int Calls, int InFlight, int Pid, long Memory, DateTimeOffset StartedAt);

/// <summary>A pool of generic instances at the moment.</summary>
public sealed record GenericPoolStatus(string Command, string Isolation, EgressPolicy Egress, int Target, int Ready, int Starting, Problem? LastFailure);
