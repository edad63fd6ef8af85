using Virga.Core.Resources;

namespace Virga.Execution.Pools;

/// <summary>What generic instances must have in common to stand in for each other.</summary>
/// <param name="Environment">A changed environment has a new pool.</param>
/// <param name="Isolation">How they are kept apart.</param>
/// <param name="Egress">Which network connections they may open.</param>
internal readonly record struct GenericPoolKey(EnvironmentSpec Environment, Isolation Isolation, EgressPolicy Egress);
