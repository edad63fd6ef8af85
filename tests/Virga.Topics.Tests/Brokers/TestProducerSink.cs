using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

internal sealed class TestProducerSink : IProducerSink
{
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _admitted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<CloseReason> WhenClosed => _closed.Task;

    public Task WhenAdmitted => _admitted.Task;

    public void Closed(CloseReason reason) => _closed.TrySetResult(reason);

    public void Admitted() => _admitted.TrySetResult();
}
