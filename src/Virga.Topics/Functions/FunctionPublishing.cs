using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Topics;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Functions;

/// <summary>Publishes what functions publish: within their own namespace, and numbered messages under the name of who counts them.</summary>
public sealed class FunctionPublishing : ITopicPublishing, IAsyncDisposable
{
    private const int MaxPropertyBytes = 64 * 1024;

    private readonly TopicClient _topics;
    private readonly CountingPublishers _counting;
    private readonly TimeProvider _time;

    /// <param name="topics">Publishes to topics.</param>
    /// <param name="time">The clock.</param>
    public FunctionPublishing(TopicClient topics, TimeProvider time)
    {
        _topics = topics;
        _counting = new CountingPublishers(topics);
        _time = time;
    }

    /// <inheritdoc/>
    public async ValueTask<string> PublishAsync(FunctionName function, FunctionPublication publication, CancellationToken cancellation)
    {
        var topic = Topic(function, publication.Topic);
        var message = Make(publication);
        if (publication.SequenceId is null && publication.Producer is null)
        {
            return (await _topics.PublishAsync(topic, message, cancellation)).ToString();
        }

        // A name that functions cannot give themselves, so that one's numbers are not those of another's producer by chance.
        var producer = publication.Producer ?? $"function {function.Name}";
        return (await _counting.PublishAsync(topic, producer, message, cancellation)).ToString();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _counting.DisposeAsync();

    private static TopicName Topic(FunctionName function, string text)
    {
        if (!TopicName.TryParse(text, new Scope(function.Tenant, function.Namespace), out var topic))
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"'{ResourceName.Shorten(text)}' is no name of a topic.", $"Write {TopicName.Rule}."));
        }

        return topic.Tenant == function.Tenant.Value && topic.Namespace == function.Namespace.Value
            ? topic
            : throw new ProblemException(KnownProblems.OutOfScope($"The topic '{topic}' is not of the namespace '{function.Tenant}/{function.Namespace}', to which '{function.Name}' publishes.", "Use a topic of the function's own namespace."));
    }

    private OutgoingMessage Make(FunctionPublication publication)
    {
        var size = 0;
        foreach (var (name, value) in publication.Properties)
        {
            size += name.Length + value.Length;
        }

        if (size > MaxPropertyBytes)
        {
            throw new ProblemException(KnownProblems.RequestTooLarge($"The properties of a message for '{publication.Topic}' have {size:N0} characters; {MaxPropertyBytes:N0} are allowed."));
        }

        // Said only where a reader would take the payload for something else: most messages are JSON, and need no more bytes for that.
        var isSaid = publication.Properties.Any(static property => string.Equals(property.Key, MessageJson.ContentTypeProperty, StringComparison.OrdinalIgnoreCase));
        var isSeen = isSaid || MessageContent.Guess(publication.Payload.Span) == publication.ContentType;
        return new OutgoingMessage
        {
            Payload = publication.Payload,
            Key = publication.Key,
            Properties = isSeen ? publication.Properties : [.. publication.Properties, new(MessageJson.ContentTypeProperty, publication.ContentType)],
            EventAt = publication.EventAt,
            DeliverAt = publication.DeliverAfter is { } delay && delay > TimeSpan.Zero ? _time.GetUtcNow() + delay : null,
            SequenceId = publication.SequenceId,
        };
    }
}
