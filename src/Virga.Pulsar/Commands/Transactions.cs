namespace Virga.Pulsar.Commands;

/// <summary>What is said of transactions.</summary>
internal static class Transactions
{
    /// <summary>Why a command is refused.</summary>
    public const string Refusal = "Transactions are not supported. Use a stream function with effectively-once processing, or a topic with deduplication.";
}
