using System.Threading.Channels;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

/// <summary>The other end of a consumer: keeps what it gets for the test.</summary>
internal sealed class TestConsumerSink : IConsumerSink
{
    private readonly Channel<TopicMessage> _messages = Channel.CreateUnbounded<TopicMessage>();
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<CloseReason> WhenClosed => _closed.Task;

    public Task WhenEndReached => _end.Task;

    public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
    {
        foreach (var entry in entries)
        {
            foreach (var message in MessageReader.Read(TopicName.Parse("t"), entry))
            {
                _messages.Writer.TryWrite(message);
            }
        }
    }

    public void ActiveChanged(bool isActive)
    {
    }

    public void EndReached() => _end.TrySetResult();

    public void Closed(CloseReason reason) => _closed.TrySetResult(reason);

    public async Task<TopicMessage> ReceiveAsync() => await _messages.Reader.ReadAsync(BrokerFixture.Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    public async Task<IReadOnlyList<string>> ReceiveAsync(int count)
    {
        var texts = new List<string>();
        while (texts.Count < count)
        {
            texts.Add(System.Text.Encoding.UTF8.GetString((await ReceiveAsync()).Payload.Span));
        }

        return texts;
    }

    public bool HasMore => _messages.Reader.TryPeek(out _);
}
