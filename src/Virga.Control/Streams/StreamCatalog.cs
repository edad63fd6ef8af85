using System.Collections.Concurrent;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Streams;

namespace Virga.Control.Streams;

/// <summary>Every stream function of the node, in memory; changed by the one who has the turn to change.</summary>
internal sealed class StreamCatalog : IStreamCatalog
{
    private readonly ConcurrentDictionary<StreamName, StreamFunction> _streams = new();

    /// <inheritdoc/>
    public event Action<StreamName>? Changed;

    /// <inheritdoc/>
    public IReadOnlyCollection<StreamFunction> All => [.. _streams.Values];

    /// <inheritdoc/>
    public StreamFunction? Find(StreamName name) => _streams.GetValueOrDefault(name);

    /// <summary>Puts a stored stream function in force, in place of the one of its name.</summary>
    public void Put(StoredResource stored)
    {
        var name = new StreamName(stored.Key.Scope, ResourceName.Parse(stored.Key.Name));
        _streams[name] = new StreamFunction(name, stored.Version, ControlJson.Deserialize<StreamSpec>(stored.Spec));
        Changed?.Invoke(name);
    }

    /// <summary>Takes a stream function out.</summary>
    public void Remove(StreamName name)
    {
        if (_streams.TryRemove(name, out _))
        {
            Changed?.Invoke(name);
        }
    }
}
