using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Virga.Cli.Client;

/// <summary>The part of the control API about topics; fails as <see cref="ControlClient"/> does.</summary>
internal sealed class TopicsClient(ControlClient control)
{
    /// <summary>One page of the topics: <c>items</c> and <c>next</c>.</summary>
    public Task<JsonObject> ListAsync(string? prefix, string? after, int limit, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Get, "topics" + QueryText.Of(("prefix", prefix), ("after", after), ("limit", limit.ToString(CultureInfo.InvariantCulture))), null, cancellation);

    /// <summary>Makes a topic.</summary>
    public Task<JsonObject> CreateAsync(string topic, int? partitions, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Put, Url(topic), Json(new JsonObject { ["partitions"] = partitions ?? 0 }), cancellation);

    /// <summary>Gives a partitioned topic more partitions.</summary>
    public Task<JsonObject> GrowAsync(string topic, int partitions, CancellationToken cancellation) => AskAsync(HttpMethod.Patch, Url(topic), Json(new JsonObject { ["partitions"] = partitions }), cancellation);

    /// <summary>Removes a topic.</summary>
    public Task<JsonObject> DeleteAsync(string topic, bool force, CancellationToken cancellation) => AskAsync(HttpMethod.Delete, Url(topic) + QueryText.Of(("force", force ? "true" : null)), null, cancellation);

    /// <summary>What there is at a path below a topic, such as <c>stats</c>; at the topic itself for an empty one.</summary>
    public Task<JsonObject> GetAsync(string topic, string part, CancellationToken cancellation) => AskAsync(HttpMethod.Get, Url(topic, part), null, cancellation);

    /// <summary>Has something done with a topic or a subscription.</summary>
    public Task<JsonObject> PostAsync(string topic, string part, JsonObject body, CancellationToken cancellation) => AskAsync(HttpMethod.Post, Url(topic, part), Json(body), cancellation);

    /// <summary>Ends a subscription.</summary>
    public Task<JsonObject> UnsubscribeAsync(string topic, string subscription, bool force, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Delete, Url(topic, "subscriptions/" + Uri.EscapeDataString(subscription)) + QueryText.Of(("force", force ? "true" : null)), null, cancellation);

    /// <summary>The policies of a topic, or of the namespace.</summary>
    public Task<JsonObject> GetPoliciesAsync(string? topic, CancellationToken cancellation) => AskAsync(HttpMethod.Get, topic is null ? "topic-policies" : Url(topic, "policies"), null, cancellation);

    /// <summary>Changes those policies that the document has.</summary>
    public Task<JsonObject> SetPoliciesAsync(string? topic, JsonObject policies, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Patch, topic is null ? "topic-policies" : Url(topic, "policies"), Json(policies), cancellation);

    /// <summary>Publishes one message.</summary>
    public Task<JsonObject> PublishAsync(string topic, ReadOnlyMemory<byte> payload, IEnumerable<(string Name, string Value)> headers, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Post, Url(topic, "messages"), new ByteArrayContent(payload.ToArray()), cancellation, headers);

    /// <summary>Publishes a message for each line of JSON.</summary>
    public Task<JsonObject> PublishLinesAsync(string topic, Stream lines, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Post, Url(topic, "messages"), new StreamContent(lines) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } }, cancellation);

    /// <summary>Messages as they come, until the node has given as many as the query asks for.</summary>
    public async IAsyncEnumerable<JsonObject> ReadAsync(string topic, string part, string query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, Url(topic, part) + query, null, [("Accept", "application/x-ndjson")], cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await AnswerReader.ReadLineAsync(reader, Answering.Node, cancellation) is { } line)
        {
            if (line.Length == 0)
            {
                continue;
            }

            var item = control.Parse(line);
            if (item["problem"] is JsonObject problem)
            {
                throw ProblemReader.Read(problem.ToJsonString(), problem["status"]?.GetValue<int>() ?? 500) is { } read ? new ControlException(read) : new InvalidDataException(line);
            }

            yield return item;
        }
    }

    private static string Url(string topic, string part = "") => $"topics/{Uri.EscapeDataString(topic)}{(part.Length > 0 ? "/" : "")}{part}";

    private static StringContent Json(JsonObject body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    private async Task<JsonObject> AskAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation, IEnumerable<(string Name, string Value)>? headers = null)
    {
        using (content)
        {
            using var answer = await SendAsync(method, path, content, headers ?? [], cancellation);
            return control.Parse(await AnswerReader.ReadTextAsync(answer, Answering.Node, cancellation));
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, IEnumerable<(string Name, string Value)> headers, CancellationToken cancellation)
    {
        // As it is: the usual way of making a URL takes dots in a name for folders.
        var url = new Uri(control.ScopeUrl.AbsoluteUri + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(method, url) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await control.SendAsync(request, cancellation);
    }
}
