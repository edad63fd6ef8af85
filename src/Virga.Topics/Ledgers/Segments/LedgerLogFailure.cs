using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>Why nothing can be written now.</summary>
/// <param name="Directory">Where.</param>
/// <param name="Cause">What the system said.</param>
internal sealed record LedgerLogFailure(string Directory, Exception Cause)
{
    public LedgerStoreException ToException() => new(
        Cause is IOException io && DiskFaults.IsFull(io)
            ? $"The disk of '{Directory}' is full. Free disk space on the node; until then topics can be read, not written."
            : $"The ledgers in '{Directory}' cannot be written: {Cause.Message}. It is tried again several times a second.",
        Cause);
}
