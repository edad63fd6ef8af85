using Virga.Control.Changes;
using Virga.Control.Metadata;

namespace Virga.Control.Triggers;

/// <summary>Puts other nodes' changes of triggers in force.</summary>
internal sealed class TriggerFollower(TriggerCatalog catalog) : IResourceFollower
{
    public ResourceKind Kind => ResourceKind.Trigger;

    public IReadOnlyCollection<ResourceKey> Known() => [.. catalog.All.Select(trigger => new ResourceKey(ResourceKind.Trigger, trigger.Name.Scope, trigger.Name.Name.Value))];

    public ValueTask FollowAsync(ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation)
    {
        if (stored is not null)
        {
            catalog.Put(stored);
        }
        else
        {
            catalog.Remove(TriggerCatalog.NameOf(key));
        }

        return ValueTask.CompletedTask;
    }
}
