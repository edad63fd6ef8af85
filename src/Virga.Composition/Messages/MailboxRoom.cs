namespace Virga.Composition.Messages;

/// <summary>The memory that all mailboxes of a node share: many functions that do not receive must not fill it up.</summary>
internal sealed class MailboxRoom(long bytes)
{
    private long _left = bytes;

    /// <summary>Takes some; false when there is not so much left.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _left, -bytes) >= 0)
        {
            return true;
        }

        Interlocked.Add(ref _left, bytes);
        return false;
    }

    /// <summary>Gives it back.</summary>
    public void Give(int bytes) => Interlocked.Add(ref _left, bytes);
}
