namespace Virga.Pulsar.Connections;

/// <summary>What this broker says of itself when a client connects.</summary>
internal static class ProtocolFacts
{
    /// <summary>
    /// The version of the protocol: acknowledgements with receipts (17) and what clients do with brokers' metadata (18) work; transactions (19), migration (20) and the AUTO_CONSUME schema (21) are not offered.
    /// </summary>
    public const int Version = 18;

    /// <summary>The broker's own name and version.</summary>
    public static string ServerVersion { get; } = $"Virga {typeof(ProtocolFacts).Assembly.GetName().Version?.ToString(3)}";
}
