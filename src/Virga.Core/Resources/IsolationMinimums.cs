using System.Collections.Frozen;
using Virga.Core.Names;

namespace Virga.Core.Resources;

/// <summary>How strongly functions are to be kept apart at least.</summary>
public sealed record IsolationMinimums
{
    /// <summary>Of everyone's functions.</summary>
    public Isolation Everyone { get; init; } = Isolation.Process;

    /// <summary>Of the functions of some tenants, where that is more.</summary>
    public IReadOnlyDictionary<ResourceName, Isolation> Tenants { get; init; } = FrozenDictionary<ResourceName, Isolation>.Empty;

    /// <summary>What holds for a tenant.</summary>
    public Isolation Of(ResourceName tenant) => Tenants.TryGetValue(tenant, out var own) && own > Everyone ? own : Everyone;
}
