namespace Virga.Control.Packages;

/// <summary>What the API shows as a package's spec.</summary>
/// <param name="Size">Bytes of all its files.</param>
/// <param name="Files">How many files and links it has.</param>
public sealed record PackageSpec(long Size, int Files);
