namespace Virga.Cluster.Tests.Simulation;

/// <summary>What membership promises does not hold.</summary>
internal sealed class MembershipViolation(string message) : Exception(message);
