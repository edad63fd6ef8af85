using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Streams;

namespace Virga.Control.Streams;

/// <summary>Puts other nodes' changes of stream functions in force.</summary>
internal sealed class StreamFollower(StreamCatalog catalog) : IResourceFollower
{
    public ResourceKind Kind => ResourceKind.Stream;

    public IReadOnlyCollection<ResourceKey> Known() => [.. catalog.All.Select(stream => new ResourceKey(ResourceKind.Stream, stream.Name.Scope, stream.Name.Name.Value))];

    public ValueTask FollowAsync(ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation)
    {
        if (stored is not null)
        {
            catalog.Put(stored);
        }
        else
        {
            catalog.Remove(new StreamName(key.Scope, ResourceName.Parse(key.Name)));
        }

        return ValueTask.CompletedTask;
    }
}
