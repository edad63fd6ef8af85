using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>One entry of the change feed.</summary>
/// <param name="Sequence">Grows with every change, in the order in which changes took effect; it may have gaps.</param>
/// <param name="Time">When it was committed.</param>
/// <param name="Kind">What kind of resource changed.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Namespace">Where it lives.</param>
/// <param name="Name">Its name.</param>
/// <param name="Event">What happened to it.</param>
/// <param name="Version">The resource's version after the change; of a deleted one, its last.</param>
public sealed record Change(
    long Sequence,
    DateTimeOffset Time,
    ResourceKind Kind,
    ResourceName Tenant,
    ResourceName Namespace,
    string Name,
    [property: System.Text.Json.Serialization.JsonPropertyName("change")] ChangeKind Event,
    long Version);
