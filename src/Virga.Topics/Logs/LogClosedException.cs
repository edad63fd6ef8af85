namespace Virga.Topics.Logs;

/// <summary>A log takes no more entries: it was closed, terminated, or has another owner. What is refused by it is not in the log.</summary>
internal sealed class LogClosedException(string message, bool isTerminated = false) : Exception(message)
{
    /// <summary>Whether the log ends here for good.</summary>
    public bool IsTerminated { get; } = isTerminated;
}
