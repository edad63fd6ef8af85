using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Api;

/// <summary><c>POST /topics/{topic}/ack</c> and <c>/nack</c>: for consumers with <c>ack=explicit</c>.</summary>
internal sealed class AckEndpoints(OpenConsumers open)
{
    public async Task AckAsync(HttpContext http)
    {
        var (topic, body, consumer) = await ReadAsync(http);
        var ids = Ids(body);
        foreach (var id in ids)
        {
            if (TopicBody.Flag(body, "upTo"))
            {
                consumer.AcknowledgeUpTo(topic, id);
            }
            else
            {
                consumer.Acknowledge(topic, id);
            }
        }

        await consumer.AcknowledgedAsync(http.RequestAborted);
        await TopicAnswer.SendAsync(http, new JsonObject { ["acknowledged"] = ids.Count });
    }

    public async Task NackAsync(HttpContext http)
    {
        var (topic, body, consumer) = await ReadAsync(http);
        var ids = Ids(body);
        foreach (var id in ids)
        {
            consumer.Reject(topic, id);
        }

        await TopicAnswer.SendAsync(http, new JsonObject { ["rejected"] = ids.Count });
    }

    private async ValueTask<(TopicName Topic, JsonObject Body, ITopicConsumer Consumer)> ReadAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        var body = await TopicBody.ReadObjectAsync(http);
        var token = TopicBody.Text(body, "consumer") ?? throw TopicRequest.Invalid("The body names no 'consumer'.", "Give the one that the stream of messages began with.");
        return (topic, body, open.Require(topic, token));
    }

    private static List<MessageId> Ids(JsonObject body)
    {
        var ids = new List<MessageId>();
        foreach (var item in body["ids"] as JsonArray ?? throw TopicRequest.Invalid("The body has no list 'ids'.", "Write {\"consumer\":\"…\",\"ids\":[\"12:3\"]}."))
        {
            ids.Add(item?.GetValueKind() == JsonValueKind.String && MessageId.TryParse(item.GetValue<string>(), out var id)
                ? id
                : throw TopicRequest.Invalid($"'{ResourceName.Shorten(item?.ToString())}' is no id of a message.", "Give ids as the messages have them."));
        }

        return ids;
    }
}
