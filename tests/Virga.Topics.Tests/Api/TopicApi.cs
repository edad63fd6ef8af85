using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Virga.Topics.Api;
using Virga.Topics.Tests.Clients;

namespace Virga.Topics.Tests.Api;

/// <summary>A web server on a free port that has topics and nothing else.</summary>
internal sealed class TopicApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ClientFixture _topics;

    private TopicApi(WebApplication app, ClientFixture topics)
    {
        (_app, _topics) = (app, topics);
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single() + "/api/v1/") };
    }

    public HttpClient Client { get; }

    public ClientFixture Topics => _topics;

    public static async Task<TopicApi> StartAsync()
    {
        var topics = await ClientFixture.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(TimeProvider.System);
        var app = builder.Build();
        var node = new TopicNode(topics.Broker, topics.Client);
        app.MapVirgaTopics(() => node);
        await app.StartAsync(ClientFixture.Cancellation);
        return new TopicApi(app, topics);
    }

    public async Task<HttpResponseMessage> SendAsync(string method, string path, string? body = null, string? contentType = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (contentType is not null)
            {
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
            }
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        }

        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ClientFixture.Cancellation);
    }

    /// <summary>Sends a request that must succeed; gives its JSON.</summary>
    public async Task<JsonNode> AskAsync(string method, string path, string? body = null, string? contentType = null, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, path, body, contentType, headers);
        var text = await response.Content.ReadAsStringAsync(ClientFixture.Cancellation);
        response.IsSuccessStatusCode.ShouldBeTrue($"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Sends a request that must fail; gives the slug of the problem.</summary>
    public async Task<string> RefusedAsync(string method, string path, string? body = null, string? contentType = null, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, path, body, contentType, headers);
        var text = await response.Content.ReadAsStringAsync(ClientFixture.Cancellation);
        response.IsSuccessStatusCode.ShouldBeFalse(text);
        var problem = JsonNode.Parse(text)!;
        problem["detail"]!.GetValue<string>().ShouldNotBeEmpty();
        problem["status"]!.GetValue<int>().ShouldBe((int)response.StatusCode);
        return problem["type"]!.GetValue<string>().Split(':')[^1];
    }

    /// <summary>The lines of an answer that ends by itself.</summary>
    public async Task<IReadOnlyList<JsonNode>> LinesAsync(string path)
    {
        using var response = await SendAsync("GET", path);
        var text = await response.Content.ReadAsStringAsync(ClientFixture.Cancellation);
        response.IsSuccessStatusCode.ShouldBeTrue(text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!)];
    }

    public Task StopAsync() => _app.StopAsync(ClientFixture.Cancellation);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await _topics.DisposeAsync();
    }
}
