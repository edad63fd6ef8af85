using System.Threading.Channels;

namespace Virga.Topics.Metadata.Writes;

/// <summary>The writes that wait while a transaction is under way: the next one takes them all.</summary>
internal sealed class WriteQueue
{
    // Bounds a transaction, and with it what one bad moment of the disk fails at once.
    private const int MaxWrites = 1024;

    private readonly Channel<PendingWrite> _waiting = Channel.CreateUnbounded<PendingWrite>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Queues a write and waits for it. One that is broken off may still be written if its transaction has begun.</summary>
    public async ValueTask<long[]> WriteAsync(PendingWrite write)
    {
        write.Cancellation.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(!_waiting.Writer.TryWrite(write), typeof(ITopicMetadata));
        return await write.Done.WaitAsync(write.Cancellation);
    }

    /// <summary>Waits for writes and takes all there are; those that nobody waits for any more are dropped.</summary>
    /// <returns>Whether there may be more: no longer once <see cref="Complete"/> was called and everything was taken.</returns>
    public async ValueTask<bool> TakeAsync(List<PendingWrite> batch)
    {
        batch.Clear();
        if (!await _waiting.Reader.WaitToReadAsync())
        {
            return false;
        }

        while (batch.Count < MaxWrites && _waiting.Reader.TryRead(out var write))
        {
            if (write.Cancellation.IsCancellationRequested)
            {
                write.Cancel();
            }
            else
            {
                batch.Add(write);
            }
        }

        return true;
    }

    /// <summary>No more writes are taken; those that wait are still written.</summary>
    public void Complete() => _waiting.Writer.TryComplete();
}
