using System.Collections.Concurrent;
using System.Collections.Frozen;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Environments;

/// <summary>Every environment of the node, in memory: those that come with Virga and those that users made.</summary>
internal sealed class EnvironmentCatalog(IReadOnlyDictionary<string, EnvironmentSpec> builtIn) : IEnvironmentCatalog
{
    private readonly FrozenDictionary<string, EnvironmentSpec> _builtIn = builtIn.ToFrozenDictionary(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(Scope Scope, string Name), EnvironmentSpec> _own = new();

    public IReadOnlyDictionary<string, EnvironmentSpec> BuiltIn => _builtIn;

    public EnvironmentSpec? Find(ResourceName tenant, ResourceName @namespace, string name) =>
        _own.TryGetValue((new Scope(tenant, @namespace), name), out var own) ? own : _builtIn.GetValueOrDefault(name);

    /// <summary>Those that users made.</summary>
    public IReadOnlyCollection<ResourceKey> Own() => [.. _own.Keys.Select(static own => new ResourceKey(ResourceKind.Environment, own.Scope, own.Name))];

    public void Put(Scope scope, string name, EnvironmentSpec spec) => _own[(scope, name)] = spec;

    public void Remove(Scope scope, string name) => _own.TryRemove((scope, name), out _);
}
