using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Topics.Administration;
using Virga.Topics.Names;

namespace Virga.Topics.Api;

/// <summary><c>POST /topics/{topic}/compaction</c>, <c>/terminate</c>, <c>/truncate</c> and <c>/unload</c>.</summary>
internal sealed class UpkeepEndpoints(Func<TopicNode> node)
{
    public Task CompactAsync(HttpContext http) => RunAsync(http, static (admin, topic, cancellation) => admin.CompactAsync(topic, cancellation));

    public Task TruncateAsync(HttpContext http) => RunAsync(http, static (admin, topic, cancellation) => admin.TruncateAsync(topic, cancellation));

    public Task UnloadAsync(HttpContext http) => RunAsync(http, static (admin, topic, cancellation) => admin.UnloadAsync(topic, cancellation));

    public async Task TerminateAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        var last = await node().Client.Administration.TerminateAsync(topic, http.RequestAborted);
        await TopicAnswer.SendAsync(http, new JsonObject { ["topic"] = topic.ToString(), ["last"] = new JsonArray([.. last.Select(static id => (JsonNode)id.ToString())]) });
    }

    private async Task RunAsync(HttpContext http, Func<TopicAdministration, TopicName, CancellationToken, ValueTask> run)
    {
        var topic = TopicRequest.Topic(http);
        await run(node().Client.Administration, topic, http.RequestAborted);
        await TopicAnswer.SendAsync(http, new JsonObject { ["topic"] = topic.ToString() });
    }
}
