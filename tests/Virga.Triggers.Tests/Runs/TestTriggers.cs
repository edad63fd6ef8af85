using System.Collections.Concurrent;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Triggers.Rules;

namespace Virga.Triggers.Tests.Runs;

/// <summary>The triggers that are in force.</summary>
internal sealed class TestTriggers : ITriggerCatalog
{
    private readonly ConcurrentDictionary<TriggerName, TriggerDefinition> _triggers = new();
    private long _versions;

    public event Action<TriggerName>? Changed;

    public IReadOnlyCollection<TriggerDefinition> All => [.. _triggers.Values];

    public TriggerDefinition? Find(TriggerName name) => _triggers.GetValueOrDefault(name);

    public static TriggerName Name(string name) => new(Scope.Default, ResourceName.Parse(name));

    public void Put(string name, TriggerSpec spec)
    {
        new TriggerRules().Check(Name(name), spec);
        _triggers[Name(name)] = new TriggerDefinition(Name(name), Interlocked.Increment(ref _versions), spec);
        Changed?.Invoke(Name(name));
    }

    public void Remove(string name)
    {
        _triggers.TryRemove(Name(name), out _);
        Changed?.Invoke(Name(name));
    }
}
