using Microsoft.Extensions.Logging;

namespace Virga.Composition.Dags;

/// <summary>What the node's log says of DAGs.</summary>
internal static partial class DagLog
{
    [LoggerMessage(LogLevel.Error, "The run {Run} failed in the engine itself")]
    public static partial void Fault(ILogger logger, string run, Exception exception);

    [LoggerMessage(LogLevel.Information, "The run {Run} of the DAG {Dag} starts again ({Attempt}): {Reason}")]
    public static partial void StartsAgain(ILogger logger, string run, string dag, int attempt, string reason);

    [LoggerMessage(LogLevel.Warning, "A message of {Node} about a run could not be read")]
    public static partial void Unreadable(ILogger logger, string node, Exception exception);

    [LoggerMessage(LogLevel.Debug, "The node {Node}, where a run began, is gone; what it ran here is dropped")]
    public static partial void OriginGone(ILogger logger, string node);

    [LoggerMessage(LogLevel.Warning, "Runs that were accepted could not be looked for; it will be tried again")]
    public static partial void SearchFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The end of the accepted run {Run} could not be kept; it will run again")]
    public static partial void EndNotKept(ILogger logger, string run, Exception exception);

    [LoggerMessage(LogLevel.Information, "The accepted run {Run} of the DAG {Dag} is taken over")]
    public static partial void TakenOver(ILogger logger, string run, string dag);
}
