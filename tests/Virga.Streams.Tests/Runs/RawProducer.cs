using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Streams.Tests.Runs;

/// <summary>Publishes entries as they are, whatever is in them.</summary>
internal sealed class RawProducer(Topic topic) : IProducerSink, IAsyncDisposable
{
    private Producer? _producer;

    public async Task PublishAsync(byte[] entry)
    {
        _producer ??= await topic.ProduceAsync(new ProducerOptions(), this, CancellationToken.None);
        var publish = new Publish { Data = entry };
        _producer.Publish(publish);
        await publish.Done.Task;
    }

    public void Closed(CloseReason reason)
    {
        // The test ends.
    }

    public void Admitted()
    {
        // It waits for nothing.
    }

    public ValueTask DisposeAsync()
    {
        _producer?.Detach();
        return ValueTask.CompletedTask;
    }

    private sealed class Publish : PendingPublish
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Published(Position position) => Done.SetResult();

        public override void Duplicate() => Done.SetException(new InvalidOperationException("It was there."));

        public override void Failed(Problem problem) => Done.SetException(new ProblemException(problem));
    }
}
