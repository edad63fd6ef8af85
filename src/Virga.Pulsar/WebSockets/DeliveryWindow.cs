namespace Virga.Pulsar.WebSockets;

/// <summary>How many messages may be sent before the client says something: acknowledges, or permits more where it pulls.</summary>
internal sealed class DeliveryWindow(int first) : IDisposable
{
    private readonly SemaphoreSlim _room = new(first);

    /// <summary>Waits until one more may be sent.</summary>
    public Task TakeAsync(CancellationToken cancellation) => _room.WaitAsync(cancellation);

    /// <summary>So many more may be sent.</summary>
    public void Give(int messages)
    {
        if (messages > 0)
        {
            _room.Release(messages);
        }
    }

    public void Dispose() => _room.Dispose();
}
