using Microsoft.Extensions.Logging;

namespace Virga.State.Stores.Postgres;

/// <summary>What the store tells the node's operator.</summary>
internal static partial class PostgresMessages
{
    [LoggerMessage(LogLevel.Warning, "Changes of shared state are found by looking for them until PostgreSQL tells of them again: {Reason}")]
    public static partial void FeedInterrupted(this ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "Expired keys of shared state are not deleted for now: {Reason}")]
    public static partial void SweepFailed(this ILogger logger, string reason);
}
