using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Topics.Api;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Schemas;

namespace Virga.Pulsar.Admin;

/// <summary><c>/admin/v2/schemas/T/N/TOPIC/…</c>.</summary>
internal sealed class SchemaAdmin(Func<TopicNode> node)
{
    public async Task GetAsync(HttpContext http)
    {
        long? version = http.Request.RouteValues.ContainsKey("version") ? AdminRequest.Number(http, "version") : null;
        var found = await Book(http).GetAsync(version, http.RequestAborted) ?? throw new ProblemException(KnownProblems.NotFound("The topic has no such schema."));
        await AdminAnswer.SendAsync(http, Write(found));
    }

    public async Task ListAsync(HttpContext http)
    {
        var all = await Book(http).ListAsync(http.RequestAborted);
        await AdminAnswer.SendAsync(http, new JsonObject { ["getSchemaResponses"] = new JsonArray([.. all.Where(static version => version.Definition is not null).Select(static version => (JsonNode)Write(version))]) });
    }

    public async Task AddAsync(HttpContext http)
    {
        var body = await AdminRequest.BodyAsync(http) as JsonObject ?? throw AdminRequest.Invalid("The body is no JSON object.");
        var type = SchemaTypes.NumberOf(body["type"]?.ToString());
        if (type < 0)
        {
            throw AdminRequest.Invalid($"There is no type of schemas '{Core.Names.ResourceName.Shorten(body["type"]?.ToString())}'.");
        }

        var topic = Topic(http);
        var properties = body["properties"] is JsonObject given ? given.Select(static property => new KeyValuePair<string, string>(property.Key, property.Value?.ToString() ?? "")).ToList() : [];
        var compatibility = (await node().Broker.EffectivePoliciesAsync(topic, http.RequestAborted)).SchemaCompatibility ?? SchemaCompatibility.Full;
        var added = await node().Broker.SchemasOf(topic).AddAsync(
            new SchemaDefinition(topic.Whole.Local, type, Encoding.UTF8.GetBytes(body["schema"]?.ToString() ?? ""), properties), compatibility, http.RequestAborted);
        await AdminAnswer.SendAsync(http, new JsonObject { ["version"] = added.Version });
    }

    public async Task DeleteAsync(HttpContext http) => await AdminAnswer.SendAsync(http, new JsonObject { ["version"] = await Book(http).DeleteAsync(http.RequestAborted) });

    private static TopicName Topic(HttpContext http)
    {
        var text = $"persistent://{AdminRequest.Part(http, "tenant")}/{AdminRequest.Part(http, "ns")}/{AdminRequest.Part(http, "topic")}";
        return TopicName.TryParse(text, Core.Names.Scope.Default, out var topic) ? topic : throw new ProblemException(KnownProblems.InvalidName($"'{Core.Names.ResourceName.Shorten(text)}' is no valid name of a topic."));
    }

    private static JsonObject Write(SchemaVersion version) => new()
    {
        ["version"] = version.Version,
        ["type"] = SchemaTypes.NameOf(version.Definition!.Type),
        ["timestamp"] = version.AddedAt,
        ["data"] = Encoding.UTF8.GetString(version.Definition.Data.Span),
        ["properties"] = new JsonObject(version.Definition.Properties.DistinctBy(static property => property.Key).Select(static property => KeyValuePair.Create(property.Key, (JsonNode?)property.Value))),
    };

    private SchemaBook Book(HttpContext http) => node().Broker.SchemasOf(Topic(http));
}
