using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Pulsar.Server;
using Virga.Pulsar.WebSockets;
using Virga.Topics.Api;

namespace Virga.Pulsar.Admin;

/// <summary><c>/admin/v2/clusters</c>, <c>/admin/v2/brokers</c> and <c>/lookup/v2</c>: where everything is.</summary>
internal sealed class ClusterAdmin(Func<TopicNode> node, Func<PulsarServer?> server)
{
    public Task ClustersAsync(HttpContext http) => AdminAnswer.SendAsync(http, new JsonArray([.. node().Broker.Clusters.Select(static name => (JsonNode)name)]));

    public async Task ClusterAsync(HttpContext http) => await AdminAnswer.SendAsync(http, new JsonObject
    {
        ["serviceUrl"] = Http(http),
        ["brokerServiceUrl"] = server() is { } pulsar && http.Connection.LocalIpAddress is { } reached ? pulsar.OwnUrl(reached) : null,
    });

    public async Task HealthAsync(HttpContext http)
    {
        // Asking for something shows that the metadata can be reached.
        await node().Broker.TenantsAsync(http.RequestAborted);
        await http.Response.WriteAsync("ok", http.RequestAborted);
    }

    public Task BrokersAsync(HttpContext http) => AdminAnswer.SendAsync(http, new JsonArray(http.Request.Host.Value));

    public async Task LookupAsync(HttpContext http)
    {
        var topic = SocketRequest.Topic(http);
        var url = server() is { } pulsar
            ? await pulsar.UrlAsync(topic, http.Connection.LocalIpAddress ?? System.Net.IPAddress.Loopback, http.RequestAborted)
            : throw new Core.Problems.ProblemException(Core.Problems.KnownProblems.Unavailable("The node serves no clients of Pulsar's binary protocol.", "Start it with --pulsar HOST:PORT."));
        await AdminAnswer.SendAsync(http, new JsonObject { ["brokerUrl"] = url, ["brokerUrlTls"] = null, ["httpUrl"] = Http(http), ["httpUrlTls"] = null, ["nativeUrl"] = url });
    }

    public Task BundleAsync(HttpContext http) => http.Response.WriteAsync("0x00000000_0xffffffff", http.RequestAborted);

    private static string Http(HttpContext http) => $"{http.Request.Scheme}://{http.Request.Host}";
}
