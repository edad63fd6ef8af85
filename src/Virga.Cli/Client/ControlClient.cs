using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Core.Names;

namespace Virga.Cli.Client;

/// <summary>
/// A client of a node's control API. Every method throws <see cref="ControlException"/> when the node answers with a
/// problem, <see cref="NodeUnreachableException"/> when no node answers, and <see cref="ConnectionBrokenException"/> when an
/// answer ends too early.
/// </summary>
public sealed class ControlClient : IDisposable
{
    private const int PageSize = 500;

    private readonly HttpClient _http;
    private readonly Uri _admin;
    private readonly string _scope;

    /// <summary>A client of the node at <paramref name="admin"/>, for the resources of one namespace.</summary>
    public ControlClient(Uri admin, ResourceName tenant, ResourceName @namespace)
    {
        _admin = admin;
        Tenant = tenant;
        Namespace = @namespace;
        _scope = $"api/v1/tenants/{tenant}/namespaces/{@namespace}/";
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), UseProxy = false })
        {
            BaseAddress = new Uri(admin.GetLeftPart(UriPartial.Authority) + "/"),
            // A followed log or a long call may take any time; the caller's cancellation ends it.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Whose resources it sees.</summary>
    public ResourceName Tenant { get; }

    /// <summary>Which of them.</summary>
    public ResourceName Namespace { get; }

    /// <summary>Where the node serves functions.</summary>
    public async Task<NodeInfo> GetNodeAsync(CancellationToken cancellation)
    {
        var node = await ReadAsync(HttpMethod.Get, "api/v1/node", null, cancellation);
        return Uri.TryCreate(node["gateway"]?.ToString(), UriKind.Absolute, out var gateway)
            ? new NodeInfo(gateway, node["version"]?.ToString())
            : throw new NodeUnreachableException(_admin, "what answers there does not say where its gateway is");
    }

    /// <summary>The nodes of the cluster.</summary>
    public async Task<JsonArray> ListNodesAsync(CancellationToken cancellation) =>
        (await ReadAsync(HttpMethod.Get, "api/v1/nodes", null, cancellation))["items"]?.AsArray() ?? [];

    /// <summary>One node of the cluster.</summary>
    public Task<JsonObject> GetNodeAsync(ResourceName name, CancellationToken cancellation) => ReadAsync(HttpMethod.Get, $"api/v1/nodes/{name}", null, cancellation);

    /// <summary>All resources of a kind, page by page.</summary>
    public async Task<JsonArray> ListAsync(ResourceKind kind, CancellationToken cancellation)
    {
        var all = new JsonArray();
        string? next = null;
        do
        {
            var page = await ReadAsync(HttpMethod.Get, $"{_scope}{kind.Segment}?limit={PageSize}{(next is null ? "" : "&continue=" + Uri.EscapeDataString(next))}", null, cancellation);
            foreach (var item in page["items"]?.AsArray() ?? [])
            {
                all.Add(item?.DeepClone());
            }

            next = page["continue"]?.ToString();
        }
        while (!string.IsNullOrEmpty(next));
        return all;
    }

    /// <summary>One resource.</summary>
    public Task<JsonObject> GetAsync(ResourceKind kind, ResourceName name, CancellationToken cancellation) =>
        ReadAsync(HttpMethod.Get, Path(kind, name), null, cancellation);

    /// <summary>One resource; null when there is none of that name.</summary>
    public async Task<JsonObject?> FindAsync(ResourceKind kind, ResourceName name, CancellationToken cancellation)
    {
        try
        {
            return await GetAsync(kind, name, cancellation);
        }
        catch (ControlException notFound) when (notFound.Problem.Status == (int)HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Creates a resource. Without a name the node gives it one (routes only).</summary>
    public Task<JsonObject> CreateAsync(ResourceKind kind, ResourceName? name, JsonObject spec, CancellationToken cancellation)
    {
        var body = new JsonObject { ["spec"] = spec.DeepClone() };
        if (name is { } given)
        {
            body["name"] = given.Value;
        }

        return ReadAsync(HttpMethod.Post, _scope + kind.Segment, Json(body), cancellation);
    }

    /// <summary>Creates a resource or replaces its spec.</summary>
    public Task<JsonObject> PutAsync(ResourceKind kind, ResourceName name, JsonObject spec, CancellationToken cancellation) =>
        ReadAsync(HttpMethod.Put, Path(kind, name), Json(new JsonObject { ["spec"] = spec.DeepClone() }), cancellation);

    /// <summary>
    /// Replaces a resource as it was read, or creates one. Fails with <c>stale-version</c> when it changed since then, and with
    /// <c>conflict</c> when it was to be new and is not.
    /// </summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="spec">What it becomes.</param>
    /// <param name="current">The resource as it was read; null when there was none.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<JsonObject> ReplaceAsync(ResourceKind kind, ResourceName name, JsonObject spec, JsonObject? current, CancellationToken cancellation)
    {
        var body = new JsonObject { ["spec"] = spec.DeepClone() };
        using var request = new HttpRequestMessage(HttpMethod.Put, Path(kind, name));
        if (current is null)
        {
            request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
        }
        else
        {
            body["version"] = current["version"]?.DeepClone();
        }

        request.Content = Json(body);
        using var response = await SendAsync(request, cancellation);
        return Parse(await AnswerReader.ReadTextAsync(response, Answering.Node, cancellation));
    }

    /// <summary>Deletes a resource; with <paramref name="cascade"/> also what calls it.</summary>
    public async Task DeleteAsync(ResourceKind kind, ResourceName name, bool cascade, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Delete, Path(kind, name) + (cascade ? "?cascade=true" : ""), null, cancellation);
    }

    /// <summary>Whether the node has a package already.</summary>
    public async Task<bool> HasPackageAsync(string digest, CancellationToken cancellation)
    {
        try
        {
            await ReadAsync(HttpMethod.Get, $"{_scope}packages/{digest}", null, cancellation);
            return true;
        }
        catch (ControlException notFound) when (notFound.Problem.Status == (int)HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Stores a zip file as a package; gives its digest.</summary>
    public async Task<string> UploadPackageAsync(ReadOnlyMemory<byte> zip, IProgress<long>? progress, CancellationToken cancellation)
    {
        using var content = new UploadContent(zip, "application/zip", progress);
        var package = await ReadAsync(HttpMethod.Post, _scope + "packages", content, cancellation);
        return package["digest"]?.ToString() ?? throw Unreadable("an uploaded package without a digest");
    }

    /// <summary>What the node has at a path below a function, such as <c>versions</c> or <c>stats</c>.</summary>
    public Task<JsonObject> GetFunctionPartAsync(ResourceName function, string part, CancellationToken cancellation) =>
        ReadAsync(HttpMethod.Get, $"{Path(ResourceKind.Function, function)}/{part}", null, cancellation);

    /// <summary>Moves a function's live alias back, to <paramref name="version"/> or the version before.</summary>
    public Task<JsonObject> RollBackAsync(ResourceName function, int? version, CancellationToken cancellation) =>
        ReadAsync(HttpMethod.Post, $"{Path(ResourceKind.Function, function)}/rollback", Json(version is { } number ? new JsonObject { ["version"] = number } : []), cancellation);

    /// <summary>Changes those limits of a function's scale that are not null.</summary>
    public Task<JsonObject> ScaleAsync(ResourceName function, int? min, int? max, double? target, CancellationToken cancellation) =>
        ReadAsync(HttpMethod.Patch, $"{Path(ResourceKind.Function, function)}/scale", Json(new JsonObject { ["min"] = min, ["max"] = max, ["target"] = target }), cancellation);

    /// <summary>Points an alias at a version, with a part of the traffic to a second one when <paramref name="alternate"/> is given.</summary>
    public Task<JsonObject> SetAliasAsync(ResourceName function, string alias, int version, (int Version, double Weight)? alternate, CancellationToken cancellation)
    {
        var body = new JsonObject { ["version"] = version };
        if (alternate is { } second)
        {
            body["alternate"] = new JsonObject { ["version"] = second.Version, ["weight"] = second.Weight };
        }

        return ReadAsync(HttpMethod.Put, AliasPath(function, alias), Json(body), cancellation);
    }

    /// <summary>Removes an alias.</summary>
    public async Task DeleteAliasAsync(ResourceName function, string alias, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Delete, AliasPath(function, alias), null, cancellation);
    }

    /// <summary>The record of one call and what it logged.</summary>
    public Task<JsonObject> GetInvocationAsync(InvocationId id, CancellationToken cancellation) =>
        ReadAsync(HttpMethod.Get, $"{_scope}invocations/{id}", null, cancellation);

    /// <summary>What was used, as the query asks.</summary>
    public Task<JsonObject> GetUsageAsync(string query, CancellationToken cancellation) => ReadAsync(HttpMethod.Get, $"{_scope}usage{query}", null, cancellation);

    /// <summary>What was used, as CSV; the query asks for that.</summary>
    public async Task<string> GetUsageCsvAsync(string query, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, $"{_scope}usage{query}", null, cancellation);
        return await AnswerReader.ReadTextAsync(response, Answering.Node, cancellation);
    }

    /// <summary>Calls a function. The answer comes back whatever its status; the caller disposes it.</summary>
    public async Task<HttpResponseMessage> InvokeAsync(ResourceName function, string query, HttpContent? content, IEnumerable<(string Name, string Value)> headers, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Path(ResourceKind.Function, function)}/invoke{query}") { Content = content };
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await ReachAsync(request, Answering.Function, cancellation);
    }

    /// <summary>What the node has at a path below a DAG, such as <c>runs</c>.</summary>
    public Task<JsonObject> GetDagPartAsync(ResourceName dag, string part, CancellationToken cancellation) => ReadAsync(HttpMethod.Get, $"{Path(ResourceKind.Dag, dag)}/{part}", null, cancellation);

    /// <summary>How a trigger fares on the node.</summary>
    public Task<JsonObject> GetTriggerStatsAsync(ResourceName trigger, CancellationToken cancellation) => ReadAsync(HttpMethod.Get, $"{Path(ResourceKind.Trigger, trigger)}/stats", null, cancellation);

    /// <summary>A picture of a DAG, or of a run of it, as SVG.</summary>
    public async Task<string> GetDagPictureAsync(ResourceName dag, string? run, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, $"{Path(ResourceKind.Dag, dag)}/{(run is null ? "" : $"runs/{Uri.EscapeDataString(run)}/")}graph.svg", null, cancellation);
        return await AnswerReader.ReadTextAsync(response, Answering.Node, cancellation);
    }

    /// <summary>Runs a DAG. The answer comes back whatever its status; the caller disposes it.</summary>
    public async Task<HttpResponseMessage> InvokeDagAsync(ResourceName dag, bool isAsync, HttpContent content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Path(ResourceKind.Dag, dag)}/invoke{(isAsync ? "?async=true" : "")}") { Content = content };
        return await ReachAsync(request, Answering.Node, cancellation);
    }

    /// <summary>How a stream function runs.</summary>
    public Task<JsonObject> GetStreamStatsAsync(ResourceName stream, CancellationToken cancellation) => ReadAsync(HttpMethod.Get, $"{Path(ResourceKind.Stream, stream)}/stats", null, cancellation);

    /// <summary>Stops a stream function and starts it again, on every node.</summary>
    public async Task RestartStreamAsync(ResourceName stream, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Post, $"{Path(ResourceKind.Stream, stream)}/restart", null, cancellation);
    }

    /// <summary>A function's log lines, oldest first; with <c>follow=true</c> in the query until cancelled.</summary>
    public IAsyncEnumerable<JsonObject> ReadLogsAsync(ResourceName function, string query, CancellationToken cancellation) =>
        ReadLinesAsync($"{Path(ResourceKind.Function, function)}/logs{query}", cancellation);

    /// <summary>The namespace's feed of changes, oldest first; with <c>follow=true</c> in the query until cancelled.</summary>
    public IAsyncEnumerable<JsonObject> ReadChangesAsync(string query, CancellationToken cancellation) => ReadLinesAsync($"{_scope}changes{query}", cancellation);

    /// <summary>What the node's functions do at the moment.</summary>
    public Task<JsonObject> GetActivityAsync(CancellationToken cancellation) => ReadAsync(HttpMethod.Get, "api/v1/node/activity", null, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Where the namespace's part of the API begins, with a slash at its end.</summary>
    internal Uri ScopeUrl => new(_http.BaseAddress!, _scope);

    /// <summary>Sends a request of a part of the API that has a client of its own.</summary>
    internal async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var response = await ReachAsync(request, Answering.Node, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var text = await AnswerReader.ReadTextAsync(response, Answering.Node, cancellation);
            var status = (int)response.StatusCode;
            throw ProblemReader.Read(text, status) is { } problem
                ? new ControlException(problem)
                : Unreadable($"status {status} to {request.Method} {request.RequestUri}");
        }
    }

    /// <summary>Reads an answer that must be a JSON object.</summary>
    internal JsonObject Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw Unreadable("JSON that is no object");
        }
        catch (JsonException)
        {
            throw Unreadable("an answer that is no JSON");
        }
    }

    private static StringContent Json(JsonObject body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    private string Path(ResourceKind kind, ResourceName name) => $"{_scope}{kind.Segment}/{name}";

    private string AliasPath(ResourceName function, string alias) => $"{Path(ResourceKind.Function, function)}/aliases/{Uri.EscapeDataString(alias)}";

    private async IAsyncEnumerable<JsonObject> ReadLinesAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await AnswerReader.ReadLineAsync(reader, Answering.Node, cancellation) is { } line)
        {
            if (line.Length > 0)
            {
                yield return Parse(line);
            }
        }
    }

    private async Task<JsonObject> ReadAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation)
    {
        using var response = await SendAsync(method, path, content, cancellation);
        return Parse(await AnswerReader.ReadTextAsync(response, Answering.Node, cancellation));
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        return await SendAsync(request, cancellation);
    }

    private async Task<HttpResponseMessage> ReachAsync(HttpRequestMessage request, Answering answering, CancellationToken cancellation)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException broken) when (broken is { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.Unknown, InnerException: IOException })
        {
            // Something was there and took the request.
            throw new ConnectionBrokenException(answering, broken);
        }
        catch (HttpRequestException failure)
        {
            var reason = failure.InnerException is SocketException socket
                ? socket.SocketErrorCode switch
                {
                    SocketError.ConnectionRefused => "connection refused",
                    SocketError.HostNotFound => "no such host",
                    _ => socket.Message,
                }
                : failure.Message.TrimEnd('.');
            throw new NodeUnreachableException(_admin, reason, failure);
        }
        catch (OperationCanceledException timeout) when (!cancellation.IsCancellationRequested)
        {
            throw new NodeUnreachableException(_admin, "no connection within 5 s", timeout);
        }
    }

    private NodeUnreachableException Unreadable(string what) => new(_admin, $"something else does, with {what}");
}
