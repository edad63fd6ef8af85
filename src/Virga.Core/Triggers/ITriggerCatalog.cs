namespace Virga.Core.Triggers;

/// <summary>The triggers that are in force, from memory.</summary>
public interface ITriggerCatalog
{
    /// <summary>A trigger was put in force, changed or taken out; <see cref="Find"/> says which. Handlers return at once.</summary>
    event Action<TriggerName>? Changed;

    /// <summary>The trigger as it is now; null when there is none of that name.</summary>
    TriggerDefinition? Find(TriggerName name);

    /// <summary>Every trigger there is now.</summary>
    IReadOnlyCollection<TriggerDefinition> All { get; }
}
