namespace Virga.Execution.Snapshots;

/// <summary>A snapshot could not be taken, or a clone did not continue from it; the message says why.</summary>
internal sealed class SnapshotException : Exception
{
    public SnapshotException(string message)
        : base(message)
    {
    }

    public SnapshotException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
