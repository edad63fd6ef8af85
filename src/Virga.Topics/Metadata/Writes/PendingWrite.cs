namespace Virga.Topics.Metadata.Writes;

/// <summary>A write that waits for its transaction.</summary>
internal sealed class PendingWrite
{
    // Who waits goes on elsewhere: the thread that writes has others to serve.
    private readonly TaskCompletionSource<long[]> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PendingWrite(MetadataKey[] keys, IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation)
    {
        Keys = keys;
        Writes = writes;
        Cancellation = cancellation;
    }

    /// <summary>Where, in the order of the writes.</summary>
    public MetadataKey[] Keys { get; }

    public IReadOnlyList<MetadataWrite> Writes { get; }

    public CancellationToken Cancellation { get; }

    /// <summary>The new versions, once they are durable.</summary>
    public Task<long[]> Done => _done.Task;

    /// <exception cref="ArgumentException">A key is none, or comes twice.</exception>
    public static PendingWrite Of(IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation)
    {
        var keys = new MetadataKey[writes.Count];
        var seen = new HashSet<MetadataKey>();
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = MetadataKey.Of(writes[i].Key);
            if (!seen.Add(keys[i]))
            {
                throw new ArgumentException($"The key '{writes[i].Key}' comes twice in one write.", nameof(writes));
            }
        }

        return new PendingWrite(keys, writes, cancellation);
    }

    /// <summary>The write that counts a number of a ledger, or a block of them.</summary>
    public static PendingWrite OfLedgerNumber(CancellationToken cancellation) =>
        new([MetadataKey.LedgerNumbers], [new MetadataWrite("", ReadOnlyMemory<byte>.Empty, Expected: null)], cancellation);

    public void Complete(long[] versions) => _done.TrySetResult(versions);

    public void Fail(Exception exception) => _done.TrySetException(exception);

    public void Cancel() => _done.TrySetCanceled(Cancellation);
}
