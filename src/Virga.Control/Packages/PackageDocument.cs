using Virga.Control.Metadata;
using Virga.Core.Names;

namespace Virga.Control.Packages;

/// <summary>A package as the API shows it.</summary>
/// <param name="Kind">Always <see cref="ResourceKind.Package"/>.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Namespace">Where it lives.</param>
/// <param name="Name">The digest again: a package has no other name.</param>
/// <param name="Version">Always 1: a package never changes.</param>
/// <param name="CreatedAt">When it was first uploaded.</param>
/// <param name="Digest">What function specs name it by.</param>
/// <param name="Size">Bytes of all its files.</param>
/// <param name="Files">How many files and links it has.</param>
public sealed record PackageDocument(
    ResourceKind Kind, ResourceName Tenant, ResourceName Namespace, string Name, long Version, DateTimeOffset CreatedAt, string Digest, long Size, int Files)
{
    internal static PackageDocument From(StoredResource stored)
    {
        var spec = ControlJson.Deserialize<PackageSpec>(stored.Spec);
        return new(
            ResourceKind.Package, stored.Key.Scope.Tenant, stored.Key.Scope.Namespace, stored.Key.Name, stored.Version, stored.CreatedAt, stored.Key.Name, spec.Size, spec.Files);
    }
}
