using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Virga.Control.Api;
using Virga.Control.Builds;
using Virga.Control.Functions;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Routing;
using Virga.Core.Streams;
using Virga.Core.Triggers;
using Virga.Streams;
using Virga.Triggers.Rules;

namespace Virga.Control.Tests;

/// <summary>A control plane in a folder of its own, served by Kestrel on a free port; it can be restarted on the same folder.</summary>
internal sealed class ControlHost : IAsyncDisposable
{
    private readonly ControlOptions _options;
    private WebApplication _app = null!;

    private ControlHost(ControlOptions options) => _options = options;

    public TemporaryFolder Folder { get; } = new();

    public HttpClient Client { get; private set; } = null!;

    public RecordingInvoker Invoker { get; } = new();

    public RecordingTraffic Traffic { get; } = new();

    public IFunctionCatalog Functions => Service<IFunctionCatalog>();

    public static async Task<ControlHost> StartAsync(Func<ControlOptions, ControlOptions>? configure = null)
    {
        var options = new ControlOptions
        {
            DataDirectory = "",
            BuiltInEnvironments = new Dictionary<string, EnvironmentSpec>(StringComparer.Ordinal)
            {
                ["node"] = new() { Command = ["/usr/bin/node", "worker.mjs"], Build = PackageBuild.TypeScript },
                ["dotnet"] = new() { Command = ["/usr/bin/dotnet", "worker.dll"], Build = PackageBuild.CSharp },
                ["exec"] = new() { Command = ["/usr/bin/exec-worker"] },
            },
        };
        var host = new ControlHost(configure is null ? options : configure(options));
        await host.OpenAsync();
        return host;
    }

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public Task StopAsync() => _app.StopAsync(Cancellation);

    public async Task RestartAsync()
    {
        await CloseAsync();
        Traffic.Clear();
        await OpenAsync();
    }

    public async Task<JsonNode> UploadAsync(string file = "index.mjs", string text = "export default () => 1")
    {
        using var content = new StringContent(text);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await Client.PostAsync($"packages?file={file}", content, Cancellation);
        return await ReadAsync(response, 200, 201);
    }

    public async Task<JsonNode> DeployAsync(string name, string text = "export default () => 1", string environment = "node")
    {
        var package = await UploadAsync(text: text);
        return await SendAsync(HttpMethod.Put, $"functions/{name}", new { spec = new { environment, package = (string?)package["digest"] } }, 200, 201);
    }

    /// <summary>Deploys with further members of the spec, such as <c>("minInstances", 2)</c>.</summary>
    public async Task<JsonNode> DeployAsync(string name, string text, (string Member, JsonNode Value)[] members, int status = 200)
    {
        var spec = new JsonObject { ["environment"] = "node", ["package"] = (string?)(await UploadAsync(text: text))["digest"] };
        foreach (var (member, value) in members)
        {
            spec[member] = value.DeepClone();
        }

        return await SendAsync(HttpMethod.Put, $"functions/{name}", new { spec }, status == 200 ? [200, 201] : [status]);
    }

    /// <summary>Sends JSON, requires one of the statuses, and gives the answer.</summary>
    public async Task<JsonNode> SendAsync(HttpMethod method, string path, object? body, params int[] statuses)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await Client.SendAsync(request, Cancellation);
        return await ReadAsync(response, statuses);
    }

    public Task<JsonNode> GetAsync(string path, int status = 200) => SendAsync(HttpMethod.Get, path, null, status);

    public async ValueTask<FunctionVersion?> ResolveAsync(string name, string? qualifier = null, double draw = 0.5) =>
        await Functions.ResolveAsync(new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse(name)), qualifier, draw, Cancellation);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Folder.Dispose();
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response, params int[] statuses)
    {
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        statuses.ShouldContain((int)response.StatusCode, text);
        if ((int)response.StatusCode >= 400)
        {
            response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", text);
        }

        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    private async Task OpenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddVirgaControl(_options with { DataDirectory = Folder.Path });
        builder.Services.AddSingleton<IInvoker>(Invoker);
        builder.Services.AddSingleton<IRouteSink>(Traffic);
        builder.Services.AddSingleton<ITriggerRules>(new TriggerRules());
        builder.Services.AddSingleton<IStreamRules>(new StreamTopicRules());
        builder.Services.AddSingleton<IFunctionLifecycleListener>(Traffic);
        _app = builder.Build();
        await Service<ControlPlane>().StartAsync(Cancellation);
        Service<ControlPlane>().AnnounceKeptFunctions();
        _app.MapVirgaControl();
        await _app.StartAsync(Cancellation);
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Client = new HttpClient { BaseAddress = new Uri(address + "/api/v1/") };
    }

    private async Task CloseAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
