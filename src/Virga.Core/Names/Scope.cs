namespace Virga.Core.Names;

/// <summary>The tenant and namespace that something lives in.</summary>
/// <param name="Tenant">Who owns it.</param>
/// <param name="Namespace">Where within the tenant.</param>
public readonly record struct Scope(ResourceName Tenant, ResourceName Namespace)
{
    /// <summary>The scope of those who name none.</summary>
    public static Scope Default { get; } = new(ResourceName.Default, ResourceName.Default);

    /// <inheritdoc/>
    public override string ToString() => $"{Tenant}/{Namespace}";
}
