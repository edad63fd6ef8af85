using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Dags;
using Virga.Core.Names;

namespace Virga.Control.Dags;

/// <summary>Puts other nodes' changes of DAGs in force.</summary>
internal sealed class DagFollower(DagCatalog catalog) : IResourceFollower
{
    public ResourceKind Kind => ResourceKind.Dag;

    public IReadOnlyCollection<ResourceKey> Known() => [.. catalog.All.Select(dag => new ResourceKey(ResourceKind.Dag, dag.Name.Scope, dag.Name.Name.Value))];

    public ValueTask FollowAsync(ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation)
    {
        if (stored is not null)
        {
            catalog.Put(stored);
        }
        else
        {
            catalog.Remove(new DagName(key.Scope, ResourceName.Parse(key.Name)));
        }

        return ValueTask.CompletedTask;
    }
}
