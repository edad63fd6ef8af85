using Virga.Core.Names;

namespace Virga.Core.Streams;

/// <summary>The full name of a stream function: <c>tenant/namespace/name</c>.</summary>
/// <param name="Scope">Where it lives.</param>
/// <param name="Name">Its own name.</param>
public readonly record struct StreamName(Scope Scope, ResourceName Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Scope}/{Name}";
}
