namespace Virga.Topics.Clients.Producing;

/// <summary>A batch that is being filled.</summary>
internal sealed class OpenBatch
{
    public List<PublishWaiter> Waiters { get; } = [];

    public int Bytes { get; private set; }

    public void Add(PublishWaiter waiter)
    {
        Waiters.Add(waiter);
        Bytes += waiter.Message.Payload.Length;
    }
}
