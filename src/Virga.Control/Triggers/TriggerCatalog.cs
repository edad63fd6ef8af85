using System.Collections.Concurrent;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Triggers;

namespace Virga.Control.Triggers;

/// <summary>Every trigger of the node, in memory. Read without locks; changed by the one who has the turn to change.</summary>
internal sealed class TriggerCatalog : ITriggerCatalog
{
    private readonly ConcurrentDictionary<TriggerName, TriggerDefinition> _triggers = new();

    /// <inheritdoc/>
    public event Action<TriggerName>? Changed;

    /// <inheritdoc/>
    public IReadOnlyCollection<TriggerDefinition> All => [.. _triggers.Values];

    /// <inheritdoc/>
    public TriggerDefinition? Find(TriggerName name) => _triggers.GetValueOrDefault(name);

    /// <summary>Puts a stored trigger in force, in place of the one of its name.</summary>
    public void Put(StoredResource stored)
    {
        var name = NameOf(stored.Key);
        _triggers[name] = new TriggerDefinition(name, stored.Version, ControlJson.Deserialize<TriggerSpec>(stored.Spec));
        Changed?.Invoke(name);
    }

    /// <summary>Takes a trigger out; calls of it that have begun go on.</summary>
    public void Remove(TriggerName name)
    {
        if (_triggers.TryRemove(name, out _))
        {
            Changed?.Invoke(name);
        }
    }

    /// <summary>The trigger that a key leads to.</summary>
    public static TriggerName NameOf(ResourceKey key) => new(key.Scope, ResourceName.Parse(key.Name));
}
