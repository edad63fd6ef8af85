namespace Virga.Control.Functions;

/// <summary>Where an alias leads.</summary>
/// <param name="Version">Number of the version that gets the calls.</param>
/// <param name="Alternate">A second version that gets a part of them; null when there is none.</param>
public sealed record AliasTarget(int Version, AlternateTarget? Alternate = null);
