using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Control.Packages;

namespace Virga.Control.Functions;

/// <summary>Puts other nodes' changes of functions in force: the same traffic, moved in the same way, with what is stored already.</summary>
internal sealed class FunctionFollower(FunctionCatalog catalog, FunctionTraffic traffic, PackagePrefetcher packages) : IResourceFollower
{
    public ResourceKind Kind => ResourceKind.Function;

    public IReadOnlyCollection<ResourceKey> Known() => [.. catalog.Names().Select(FunctionResources.KeyOf)];

    public async ValueTask FollowAsync(ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation)
    {
        var name = FunctionResources.NameOf(key);
        if (stored is null)
        {
            traffic.Stop(name);
            return;
        }

        foreach (var arrived in await traffic.FollowAsync(name, FunctionResources.StatusOf(stored), isAnother, cancellation))
        {
            packages.Want(arrived.BuiltPackage);
        }
    }
}
