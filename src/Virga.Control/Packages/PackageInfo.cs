namespace Virga.Control.Packages;

/// <summary>What is known of a package.</summary>
/// <param name="Digest"><c>sha256:</c> and 64 hexadecimal digits, over paths, executable bits and contents.</param>
/// <param name="Size">Bytes of all its files.</param>
/// <param name="Files">How many files and links it has.</param>
public sealed record PackageInfo(string Digest, long Size, int Files);
