using Virga.Control.Metadata;
using Virga.Core.Names;

namespace Virga.Control;

/// <summary>A resource as the API shows it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Namespace">Where it lives.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Counts its changes; the token of optimistic concurrency.</param>
/// <param name="CreatedAt">When it was made; null for what comes with Virga.</param>
/// <param name="UpdatedAt">When it was last changed; null for what comes with Virga.</param>
/// <param name="Spec">What its author asked for.</param>
/// <param name="Status">What Virga says of it.</param>
public sealed record ResourceDocument<TSpec, TStatus>(
    ResourceKind Kind, ResourceName Tenant, ResourceName Namespace, string Name, long Version, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt, TSpec Spec, TStatus Status)
{
    internal static ResourceDocument<TSpec, TStatus> From(StoredResource stored, TStatus status) => new(
        stored.Key.Kind, stored.Key.Scope.Tenant, stored.Key.Scope.Namespace, stored.Key.Name, stored.Version, stored.CreatedAt, stored.UpdatedAt,
        ControlJson.Deserialize<TSpec>(stored.Spec), status);
}
