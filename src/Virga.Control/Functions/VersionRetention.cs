namespace Virga.Control.Functions;

/// <summary>Which old versions of a function are kept, besides those that aliases lead to.</summary>
/// <param name="KeptVersions">How many of the newest.</param>
public sealed record VersionRetention(int KeptVersions = 10);
