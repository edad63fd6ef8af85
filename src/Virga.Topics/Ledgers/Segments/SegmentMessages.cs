using Microsoft.Extensions.Logging;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What the store tells the node's operator.</summary>
internal static partial class SegmentMessages
{
    [LoggerMessage(LogLevel.Information, "The ledgers in {Directory} ended in {Bytes} bytes that were never confirmed; they are left out.")]
    public static partial void TornEnd(this ILogger logger, string directory, long bytes);

    [LoggerMessage(LogLevel.Error, "The ledgers in {Directory} cannot be written; topics are read-only until they can.")]
    public static partial void WriteFailed(this ILogger logger, string directory, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The ledgers in {Directory} are written again, to a new segment.")]
    public static partial void Repaired(this ILogger logger, string directory);

    [LoggerMessage(LogLevel.Error, "Who appended to a ledger threw when it was told of the end.")]
    public static partial void CallbackFailed(this ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The catalogue of ledgers {Path} is not there or damaged; all segments are read instead, which takes longer. Ledgers that were deleted may come back until their topics are opened.")]
    public static partial void CatalogueLost(this ILogger logger, string path);

    [LoggerMessage(LogLevel.Error, "Entries of {Ledgers} ledgers are missing or damaged, the first is {First}: those ledgers cannot be read as a whole.")]
    public static partial void LedgersDamaged(this ILogger logger, int ledgers, long first);

    [LoggerMessage(LogLevel.Warning, "The index {Path} cannot be used; its segment is read instead.")]
    public static partial void IndexLost(this ILogger logger, string path);

    [LoggerMessage(LogLevel.Warning, "The segments in {Directory} could not be tidied up; it is tried again.")]
    public static partial void TidyingFailed(this ILogger logger, string directory, Exception exception);

    [LoggerMessage(LogLevel.Error, "Segment {Path} is damaged and cannot be written anew; what it holds besides can be read.")]
    public static partial void CompactionFailed(this ILogger logger, string path, Exception exception);

    [LoggerMessage(LogLevel.Information, "{Count} segments, {Before} bytes, are one of {After} bytes now: {Path}.")]
    public static partial void Compacted(this ILogger logger, int count, long before, long after, string path);
}
