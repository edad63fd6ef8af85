namespace Virga.Cli.Client;

/// <summary>What a node says about itself.</summary>
/// <param name="Gateway">Where it serves functions, without a slash at the end.</param>
/// <param name="Version">Its version; null when it does not say.</param>
public sealed record NodeInfo(Uri Gateway, string? Version);
