namespace Virga.Control.Metadata;

/// <summary>A resource as the store keeps it.</summary>
/// <param name="Key">What identifies it.</param>
/// <param name="Version">Counts its changes from 1: the token of optimistic concurrency.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was last changed.</param>
/// <param name="Spec">What its author asked for, as JSON.</param>
/// <param name="State">What Virga itself keeps about it, as JSON.</param>
public sealed record StoredResource(ResourceKey Key, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string Spec, string State);
