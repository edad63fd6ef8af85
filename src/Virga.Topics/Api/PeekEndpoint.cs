using Microsoft.AspNetCore.Http;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary><c>GET /topics/{topic}/peek</c>: messages, without consuming them.</summary>
internal sealed class PeekEndpoint(Func<TopicNode> node)
{
    private const int StandardCount = 10;
    private const int MaxCount = 1000;

    public async Task GetAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        var count = TopicRequest.Count(http, "count", 1, MaxCount) ?? StandardCount;
        var from = TopicRequest.Parameter(http, "from") switch
        {
            null => (MessageId?)null,
            var text when MessageId.TryParse(text, out var id) => id,
            var text => throw TopicRequest.Invalid($"from is '{Core.Names.ResourceName.Shorten(text)}'.", "Use a message's id such as 12:3."),
        };
        var subscription = TopicRequest.Parameter(http, "subscription") is { } name ? TopicRequest.Subscription(name) : (Names.SubscriptionName?)null;
        var entries = await node().Client.Administration.PeekAsync(topic, subscription, from, count, http.RequestAborted);
        await using var stream = new MessageStream(http);
        var left = count;
        foreach (var (part, entry) in entries)
        {
            try
            {
                foreach (var message in MessageReader.Read(part, entry))
                {
                    if (left-- > 0)
                    {
                        stream.Write(message);
                    }
                }
            }
            catch (MalformedMessageException e)
            {
                // One that nobody but its consumers can read, such as a chunk or an encrypted one: it is there all the same.
                stream.Write("message", entry.Position.ToString(), json =>
                {
                    json.WriteStartObject();
                    json.WriteString("id", new MessageId(entry.Position, part.Partition).ToString());
                    json.WriteString("topic", part.ToString());
                    json.WriteString("unreadable", e.Message);
                    json.WriteEndObject();
                });
            }
        }

        await stream.FlushAsync();
    }
}
