using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>What identifies a resource.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Scope">Where it lives.</param>
/// <param name="Name">A resource name, or a package's digest.</param>
public readonly record struct ResourceKey(ResourceKind Kind, Scope Scope, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Scope == Scope.Default ? $"{Kind.ToText()} '{Name}'" : $"{Kind.ToText()} '{Scope}/{Name}'";
}
