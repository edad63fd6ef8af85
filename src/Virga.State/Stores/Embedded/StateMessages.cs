using Microsoft.Extensions.Logging;

namespace Virga.State.Stores.Embedded;

/// <summary>What the store tells the node's operator.</summary>
internal static partial class StateMessages
{
    [LoggerMessage(LogLevel.Error, "Shared state in {Directory}: {Problem} {Fix}")]
    public static partial void HousekeepingFailed(this ILogger logger, string directory, string problem, string? fix);

    [LoggerMessage(LogLevel.Error, "Shared state in {Directory}: what the store does by itself failed, and is tried again.")]
    public static partial void HousekeepingBroke(this ILogger logger, string directory, Exception exception);
}
