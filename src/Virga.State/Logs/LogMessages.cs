using Microsoft.Extensions.Logging;

namespace Virga.State.Logs;

/// <summary>What the log tells the node's operator.</summary>
internal static partial class LogMessages
{
    public static void ReportLost(this ILogger logger, string directory, int batches)
    {
        if (batches > 0)
        {
            logger.Lost(directory, batches);
        }
    }

    [LoggerMessage(LogLevel.Information, "The log of shared state in {Directory} ended in {Bytes} bytes that were never acknowledged; they are left out.")]
    public static partial void TornEnd(this ILogger logger, string directory, long bytes);

    [LoggerMessage(LogLevel.Error, "The log of shared state in {Directory} cannot be written; writes are refused until it can.")]
    public static partial void WriteFailed(this ILogger logger, string directory, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The log of shared state in {Directory} is written again, to a new file.")]
    public static partial void Repaired(this ILogger logger, string directory);

    [LoggerMessage(LogLevel.Error, "The log of shared state in {Directory} was closed while the disk refused it; {Batches} batches are not in it.")]
    private static partial void Lost(this ILogger logger, string directory, int batches);
}
