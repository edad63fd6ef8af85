using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>What identifies a resource.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Scope">Where it lives.</param>
/// <param name="Name">A resource name, or a package's digest.</param>
public readonly record struct ResourceKey(ResourceKind Kind, Scope Scope, string Name)
{
    /// <summary>As people read it.</summary>
    public override string ToString() => Scope == Scope.Default ? $"{Title} '{Name}'" : $"{Title} '{Scope}/{Name}'";

    private string Title => Kind == ResourceKind.Dag ? "DAG" : Kind.ToText();
}
