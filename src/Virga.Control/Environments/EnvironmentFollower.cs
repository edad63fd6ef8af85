using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Resources;

namespace Virga.Control.Environments;

/// <summary>Puts other nodes' changes of environments in force.</summary>
internal sealed class EnvironmentFollower(EnvironmentCatalog catalog) : IResourceFollower
{
    public ResourceKind Kind => ResourceKind.Environment;

    public IReadOnlyCollection<ResourceKey> Known() => catalog.Own();

    public ValueTask FollowAsync(ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation)
    {
        if (stored is null)
        {
            catalog.Remove(key.Scope, key.Name);
        }
        else
        {
            catalog.Put(key.Scope, key.Name, ControlJson.Deserialize<EnvironmentSpec>(stored.Spec));
        }

        return ValueTask.CompletedTask;
    }
}
