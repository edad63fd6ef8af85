using Virga.Core.Streams;
using Virga.Streams.Calls;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Streams.Lanes;

/// <summary>Where messages go that a stream's function fails on for good: as they were published, with the properties <c>virga-stream</c>, <c>virga-topic</c>, <c>virga-message-id</c> <c>virga-cause</c> and <c>virga-cause-detail</c>.</summary>
internal sealed class DeadLetters
{
    private const int MaxCause = 1024;
    private readonly StreamFunction _stream;
    private readonly TopicClient _client;

    /// <summary>The dead letters of a stream.</summary>
    public DeadLetters(StreamFunction stream, TopicClient client)
    {
        _stream = stream;
        _client = client;
        Topic = TopicName.Parse(stream.Spec.DeadLetter ?? UsualTopic(stream.Name), stream.Name.Scope);
    }

    /// <summary>The topic.</summary>
    public TopicName Topic { get; }

    /// <summary>The local name of the topic where the spec names none.</summary>
    public static string UsualTopic(StreamName stream) => $"{stream.Name}-dead";

    /// <summary>Puts a work's messages there; completes when they are durable.</summary>
    public async Task PutAsync(StreamWork work, CallFailure cause, CancellationToken cancellation)
    {
        foreach (var message in work.Messages)
        {
            await PutAsync(message.Message, cause, cancellation);
        }
    }

    /// <summary>Puts a message there; completes when it is durable.</summary>
    public async Task PutAsync(TopicMessage message, CallFailure cause, CancellationToken cancellation) => await _client.PublishAsync(
        Topic,
        new OutgoingMessage
        {
            Payload = message.Payload,
            Key = message.Key,
            OrderingKey = message.OrderingKey,
            EventAt = message.EventAt,
            IsTombstone = message.IsTombstone,
            Properties =
            [
                .. message.Properties,
                new("virga-stream", _stream.Name.ToString()),
                new("virga-topic", message.Topic.ToString()),
                new("virga-message-id", message.Id.ToString()),
                new("virga-cause", cause.Slug),
                new("virga-cause-detail", cause.Detail.Length > MaxCause ? cause.Detail[..MaxCause] : cause.Detail),
            ],
        },
        cancellation);
}
