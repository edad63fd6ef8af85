namespace Virga.Core.Names;

/// <summary>The full name of a function: <c>tenant/namespace/name</c>.</summary>
/// <param name="Tenant">Who owns it.</param>
/// <param name="Namespace">Where it lives within the tenant.</param>
/// <param name="Name">Its own name.</param>
public readonly record struct FunctionName(ResourceName Tenant, ResourceName Namespace, ResourceName Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Tenant}/{Namespace}/{Name}";
}
