using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Virga.Cli.Client;

/// <summary>The part of the control API about shared state; fails as <see cref="ControlClient"/> does.</summary>
internal sealed class StateClient(ControlClient control)
{
    /// <summary>What a key holds; the caller disposes the answer.</summary>
    public Task<HttpResponseMessage> GetAsync(string key, CancellationToken cancellation) => SendAsync(HttpMethod.Get, KeyUrl(key), null, [], cancellation);

    /// <summary>Puts a value.</summary>
    public async Task<JsonObject> PutAsync(string key, ReadOnlyMemory<byte> value, string contentType, string? timeToLive, string? version, bool absent, CancellationToken cancellation)
    {
        using var content = Content(value, contentType);
        var headers = new List<(string, string)>();
        if (version is not null)
        {
            headers.Add(("If-Match", $"\"{version}\""));
        }

        if (absent)
        {
            headers.Add(("If-None-Match", "*"));
        }

        using var answer = await SendAsync(HttpMethod.Put, KeyUrl(key) + QueryText.Of(("ttl", timeToLive)), content, headers, cancellation);
        return control.Parse(await AnswerReader.ReadTextAsync(answer, Answering.Node, cancellation));
    }

    /// <summary>Deletes a key; says whether it existed.</summary>
    public async Task<JsonObject> DeleteAsync(string key, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Delete, KeyUrl(key), null, [], cancellation);
        return control.Parse(await AnswerReader.ReadTextAsync(answer, Answering.Node, cancellation));
    }

    /// <summary>Carries out an update; gives its JSON answer.</summary>
    public Task<string> UpdateAsync(string key, ReadOnlyMemory<byte> update, CancellationToken cancellation) => AskAsync(HttpMethod.Patch, key, update, cancellation);

    /// <summary>Asks a query; gives its JSON answer.</summary>
    public Task<string> QueryAsync(string key, ReadOnlyMemory<byte> query, CancellationToken cancellation) => AskAsync(HttpMethod.Post, key, query, cancellation);

    /// <summary>One page of the keys: <c>items</c> and <c>next</c>.</summary>
    public Task<JsonObject> ListAsync(string? prefix, string? after, int limit, CancellationToken cancellation) =>
        ReadAsync("state" + QueryText.Of(("prefix", prefix), ("after", after), ("limit", limit.ToString(CultureInfo.InvariantCulture))), cancellation);

    /// <summary>The next part of the change feed: <c>items</c> and <c>cursor</c>.</summary>
    public Task<JsonObject> ChangesAsync(string? prefix, string? cursor, string wait, CancellationToken cancellation) =>
        ReadAsync("state-changes" + QueryText.Of(("prefix", prefix), ("cursor", cursor), ("wait", wait)), cancellation);

    /// <summary>All keys with a prefix as lines; the caller disposes the answer.</summary>
    public Task<HttpResponseMessage> ExportAsync(string? prefix, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, "state-export" + QueryText.Of(("prefix", prefix)), null, [], cancellation);

    /// <summary>Merges the lines of an export into what is there; says how many keys that were.</summary>
    public async Task<JsonObject> ImportAsync(Stream lines, CancellationToken cancellation)
    {
        using var content = new StreamContent(lines) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
        using var answer = await SendAsync(HttpMethod.Post, "state-import", content, [], cancellation);
        return control.Parse(await AnswerReader.ReadTextAsync(answer, Answering.Node, cancellation));
    }

    private static string KeyUrl(string key) => "state/" + Uri.EscapeDataString(key);

    private static ByteArrayContent Content(ReadOnlyMemory<byte> bytes, string contentType) => new(bytes.ToArray()) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } };

    private async Task<string> AskAsync(HttpMethod method, string key, ReadOnlyMemory<byte> question, CancellationToken cancellation)
    {
        using var content = Content(question, "application/json");
        using var answer = await SendAsync(method, KeyUrl(key), content, [], cancellation);
        return await AnswerReader.ReadTextAsync(answer, Answering.Node, cancellation);
    }

    private async Task<JsonObject> ReadAsync(string path, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, [], cancellation);
        return control.Parse(await AnswerReader.ReadTextAsync(answer, Answering.Node, cancellation));
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, IReadOnlyList<(string Name, string Value)> headers, CancellationToken cancellation)
    {
        // As it is: the usual way of making a URL takes dots in a key for folders.
        var url = new Uri(control.ScopeUrl.AbsoluteUri + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(method, url) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await control.SendAsync(request, cancellation);
    }
}
