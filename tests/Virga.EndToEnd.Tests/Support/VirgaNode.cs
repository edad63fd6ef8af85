using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node that runs as a process of its own, on free ports of the loopback and with a data folder of its own.</summary>
public class VirgaNode : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _errors = new();
    private Process? _process;
    private HttpClient? _http;

    /// <summary>Where the node keeps its data.</summary>
    public string Data => Path.Combine(_folder.Path, "data");

    /// <summary>Where functions are served.</summary>
    public Uri Gateway { get; private set; } = null!;

    /// <summary>Where the control API is.</summary>
    public Uri Admin { get; private set; } = null!;

    /// <summary>Where Pulsar's clients connect; null for a node of a cluster without topics.</summary>
    public Uri? Pulsar { get; private set; }

    /// <summary>A folder for the sources of functions.</summary>
    public TemporaryFolder Folder => _folder;

    /// <summary>A client whose relative addresses are the gateway's.</summary>
    public HttpClient Http => _http!;

    /// <summary>What the node has written to its standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>Options of <c>virga up</c> beside the addresses and the data folder.</summary>
    protected virtual IReadOnlyList<string> Options => ["--pool-size", "1"];

    /// <summary>A command that becomes the command that follows it; empty to run the executable as it is.</summary>
    protected virtual IReadOnlyList<string> Wrapper => [];

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync() => await StartAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_process is not null)
        {
            await StopAsync();
        }

        await EndedForGoodAsync();
        _http?.Dispose();
        _folder.Dispose();
    }

    /// <summary>Starts the node and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        _process = VirgaProgram.StartBy(_folder.Path, null, [.. Wrapper, Installation.Executable, "up", "--data", Data, "--gateway", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pulsar", "127.0.0.1:0", .. Options]);
        _process.StandardInput.Close();
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
        Gateway = new Uri(await PrintedAsync("functions"));
        Admin = new Uri(await PrintedAsync("control API"));
        Pulsar = Options.Contains("--cluster") && !Options.Contains("--rabbitmq") ? null : new Uri(await PrintedAsync("Pulsar"));
        _http?.Dispose();
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = Gateway, Timeout = Patience };
    }

    /// <summary>Asks the node to end (SIGTERM) and gives its exit code.</summary>
    public async Task<int> StopAsync()
    {
        BeginStop();
        return await EndedAsync();
    }

    /// <summary>Asks the node to end and does not wait.</summary>
    public void BeginStop() => Signals.Stop(_process!.Id);

    /// <summary>Waits for the node's end and gives its exit code.</summary>
    public async Task<int> EndedAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var rest = _process!.StandardOutput.ReadToEndAsync(patience.Token);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
            await rest;
        }
        catch (OperationCanceledException exception)
        {
            _process.Kill();
            throw new TimeoutException($"The node did not end within {Patience.TotalSeconds:0} s of SIGTERM. It said: {Errors}", exception);
        }

        var code = _process.ExitCode;
        _process.Dispose();
        _process = null;
        return code;
    }

    /// <summary>Ends the node without any warning (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        _process.Dispose();
        _process = null;
    }

    /// <summary>Reads the node's standard output up to the line that begins with a label, and gives what follows the label.</summary>
    public async Task<string> PrintedAsync(string label)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (await _process!.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.TrimStart().StartsWith(label, StringComparison.Ordinal))
            {
                return line.TrimStart()[label.Length..].Trim();
            }
        }

        await _process.WaitForExitAsync(patience.Token);
        throw new InvalidOperationException($"The node ended with code {_process.ExitCode} before it printed '{label}': {Errors}");
    }

    /// <summary>Runs a command of the CLI against this node.</summary>
    public Task<CommandResult> RunAsync(params string[] arguments) => VirgaProgram.RunAsync(_folder.Path, Admin, arguments);

    /// <summary>Deploys a function with <c>virga fn deploy</c>.</summary>
    public Task<CommandResult> DeployByCommandAsync(string name, Source source, params string[] options)
    {
        var path = _folder.WriteExecutable(Path.Combine(name, source.File), source.Text);
        return RunAsync(["fn", "deploy", path, "--name", name, .. options]);
    }

    /// <summary>Deploys a function through the control API, which is faster than by command.</summary>
    /// <param name="name">The function's name.</param>
    /// <param name="source">Its source.</param>
    /// <param name="settings">Members of its spec beside environment and package.</param>
    public async Task<Answer> DeployAsync(string name, Source source, object? settings = null)
    {
        var package = await ControlAsync(HttpMethod.Post, $"packages?file={source.File}", new ByteArrayContent(Encoding.UTF8.GetBytes(source.Text)) { Headers = { ContentType = new("application/octet-stream") } });
        package.Status.ShouldBeInRange(200, 201, package.Body);
        var spec = JsonSerializer.SerializeToNode(settings ?? new { })!.AsObject();
        spec["environment"] = source.Environment;
        spec["package"] = package.Json["digest"]!.ToString();
        var function = await ControlAsync(HttpMethod.Put, $"functions/{name}", new JsonObject { ["spec"] = spec });
        function.Status.ShouldBeInRange(200, 201, function.Body);
        return function;
    }

    /// <summary>Makes or replaces a resource through the control API.</summary>
    public async Task PutAsync(string path, object spec)
    {
        var answer = await ControlAsync(HttpMethod.Put, path, Json(new { spec }));
        answer.Status.ShouldBeInRange(200, 201, answer.Body);
    }

    /// <summary>Adds a route through the control API.</summary>
    public async Task RouteAsync(string method, string path, string function) =>
        (await ControlAsync(HttpMethod.Post, "routes", Json(new { spec = new { methods = new[] { method }, path, function } }))).Status.ShouldBe(201);

    /// <summary>Calls a path of the gateway.</summary>
    public Task<Answer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Posts a text to a path of the gateway.</summary>
    public Task<Answer> PostAsync(string path, string body, string contentType = "text/plain") =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, contentType) });

    /// <summary>Sends a request to the gateway.</summary>
    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
            return await Answer.ReadAsync(response);
        }
    }

    /// <summary>Reads a resource or a view of the control API.</summary>
    public Task<Answer> ControlAsync(string path) => ControlAsync(HttpMethod.Get, path);

    /// <summary>Sends JSON to the control API.</summary>
    public Task<Answer> ControlAsync(HttpMethod method, string path, JsonNode body) => ControlAsync(method, path, Json(body));

    /// <summary>Sends a request to the control API; <paramref name="path"/> follows <c>/api/v1/</c>.</summary>
    public async Task<Answer> ControlAsync(HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Admin, "/api/v1/" + path)) { Content = content };
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(response);
    }

    /// <summary>The usage record of an invocation, which stands shortly after the answer.</summary>
    public async Task<JsonNode> RecordAsync(string invocation) =>
        (await Eventually.ReadAsync(() => ControlAsync($"invocations/{invocation}"), answer => answer.Status == (int)HttpStatusCode.OK)).Json;

    /// <summary>The newest usage record of a function that is as wanted.</summary>
    public async Task<JsonNode> RecordAsync(string function, Func<JsonNode, bool> wanted) =>
        (await Eventually.ReadAsync(
            async () => (await ControlAsync($"functions/{function}/invocations")).Json["items"]!.AsArray().FirstOrDefault(record => wanted(record!)),
            static record => record is not null))!;

    /// <summary>Waits until a function has logged a line with a text.</summary>
    public Task LoggedAsync(string function, string text) =>
        Eventually.ReadAsync(() => ControlAsync($"functions/{function}/logs?contains={Uri.EscapeDataString(text)}"), answer => answer.Status == 200 && answer.Body.Contains(text, StringComparison.Ordinal));

    /// <summary>The process ids of a function's instances.</summary>
    public async Task<IReadOnlyList<int>> InstancesAsync(string function) => [.. (await StatesAsync(function)).Select(instance => instance.Pid)];

    /// <summary>What a function's instances do.</summary>
    public async Task<IReadOnlyList<(int Pid, string State)>> StatesAsync(string function) =>
        [.. (await ControlAsync($"functions/{function}/instances")).Json["items"]!.AsArray().Select(item => (item!["pid"]!.GetValue<int>(), item["state"]!.ToString()))];

    /// <summary>Waits until each of a function's instances, of which there is one at least, is in a state.</summary>
    public Task<IReadOnlyList<(int Pid, string State)>> AllAreAsync(string function, string state) =>
        Eventually.ReadAsync(() => StatesAsync(function), instances => instances.Count > 0 && instances.All(instance => instance.State == state));

    /// <summary>Undoes what <see cref="InitializeAsync"/> did beside starting the node, which has ended.</summary>
    protected virtual Task EndedForGoodAsync() => Task.CompletedTask;

    private static JsonContent Json(object body) => JsonContent.Create(body);

    private void Keep(string? line)
    {
        lock (_errors)
        {
            _errors.AppendLine(line);
        }
    }
}
