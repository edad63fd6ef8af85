using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.State.Api;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Stores.Embedded;
using Virga.State.Time;

namespace Virga.State.Tests.Api;

/// <summary>A web server on a free port that has shared state and nothing else.</summary>
internal sealed class StateNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StateEngine _engine;
    private readonly string _folder;

    private StateNode(WebApplication app, StateEngine engine, string folder)
    {
        _app = app;
        _engine = engine;
        _folder = folder;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single() + "/api/v1/") };
    }

    public HttpClient Client { get; }

    public static async Task<StateNode> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("virga-state-api-").FullName;
        var store = new EmbeddedStateStore(
            new EmbeddedStateOptions { Directory = Path.Combine(folder, "state") }, new HybridClock(TimeProvider.System), TimeProvider.System, NullLogger<EmbeddedStateStore>.Instance);
        await store.OpenAsync(TestContext.Current.CancellationToken);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(TimeProvider.System);
        var app = builder.Build();
        var engine = new StateEngine(store, TimeProvider.System);
        app.MapVirgaState(() => engine);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new StateNode(app, engine, folder);
    }

    /// <summary>Sends a request; the path is sent as it is.</summary>
    public async Task<HttpResponseMessage> SendAsync(string method, string path, string? body = null, string? contentType = null, params (string Name, string Value)[] headers) =>
        await SendAsync(method, path, body is null ? null : Encoding.UTF8.GetBytes(body), contentType, headers);

    /// <summary>The same with bytes.</summary>
    public async Task<HttpResponseMessage> SendAsync(string method, string path, byte[]? body, string? contentType, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Client.BaseAddress + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (contentType is not null)
            {
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
            }
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        }

        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends a request that must succeed; gives its JSON.</summary>
    public async Task<JsonNode?> AskAsync(string method, string path, string? body = null, string? contentType = null)
    {
        using var answer = await SendAsync(method, path, body, contentType);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        answer.IsSuccessStatusCode.ShouldBeTrue(text);
        return JsonNode.Parse(text);
    }

    /// <summary>Sends a request that must be refused; gives its status and problem.</summary>
    public async Task<(int Status, string Slug, string Detail)> RefusedAsync(string method, string path, string? body = null, string? contentType = null, params (string Name, string Value)[] headers)
    {
        using var answer = await SendAsync(method, path, body, contentType, headers);
        return await ProblemOfAsync(answer);
    }

    /// <summary>The problem that is an answer.</summary>
    public static async Task<(int Status, string Slug, string Detail)> ProblemOfAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", text);
        var problem = JsonNode.Parse(text)!;
        return ((int)answer.StatusCode, problem["type"]!.ToString()["urn:virga:problem:".Length..], problem["detail"]!.ToString());
    }

    /// <summary>Puts something under a key that users cannot write.</summary>
    public async Task PutPlatformsAsync(string key) =>
        await _engine.Replica.ApplyAsync(new StateKey(Scope.Default, key), new PutMutation(Payload.Of(PayloadTag.Json, "1"u8)), null, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _engine.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
