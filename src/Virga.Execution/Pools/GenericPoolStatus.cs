using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Execution.Pools;

/// <summary>A pool of generic instances at the moment.</summary>
public sealed record GenericPoolStatus(string Command, string Isolation, EgressPolicy Egress, int Target, int Ready, int Starting, Problem? LastFailure);
