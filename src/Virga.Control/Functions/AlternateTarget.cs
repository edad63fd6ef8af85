namespace Virga.Control.Functions;

/// <summary>The second version of a split alias.</summary>
/// <param name="Version">Its number.</param>
/// <param name="Weight">Its part of the calls: over 0, under 1.</param>
public sealed record AlternateTarget(int Version, double Weight);
