using Virga.Core.Resources;

namespace Virga.Core.Triggers;

/// <summary>One version of a trigger. Immutable.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Version">Counts its changes.</param>
/// <param name="Spec">What the user asked for; keeps all rules.</param>
public sealed record TriggerDefinition(TriggerName Name, long Version, TriggerSpec Spec);
