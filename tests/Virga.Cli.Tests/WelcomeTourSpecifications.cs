using Microsoft.AspNetCore.Http;
using Spectre.Console;
using Virga.Cli.Client;
using Virga.Cli.Tests.Support;
using Virga.Cli.Welcome;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Cli.Tests;

public sealed class WelcomeTourSpecifications : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _printed = new();
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ControlApi.StartAsync();
        foreach (var file in (string[])["hello-js/index.mjs", "hello-ts/index.ts", "hello-python/main.py", "hello-csharp/Function.cs", "shared-counter/index.mjs"])
        {
            _folder.Write(file);
        }
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_new_node_gets_the_samples_and_each_is_called_twice()
    {
        var calls = new List<string>();
        _api.Invoke = context =>
        {
            calls.Add(context.Request.Path);
            context.Response.Headers["Virga-Start"] = calls.Count % 2 == 1 ? "cold" : "warm";
            return context.Response.WriteAsync("Hello!");
        };

        await TourAsync();

        calls.ShouldBe(["/hello-js", "/hello-js", "/hello-ts", "/hello-ts", "/hello-python", "/hello-python", "/hello-csharp", "/hello-csharp", "/shared-counter", "/shared-counter"]);
        _printed.ToString().ShouldContain("ms (cold)");
        _printed.ToString().ShouldContain("ms (warm)");
        _printed.ToString().ShouldContain("Hello!");
    }

    [Fact]
    public async Task A_node_with_functions_lists_them()
    {
        await TourAsync();
        _api.Writes.Clear();

        await TourAsync();

        _api.Writes.ShouldBeEmpty();
        _printed.ToString().ShouldContain("Serving 5 functions:");
        _printed.ToString().ShouldContain("/f/hello-python");
    }

    [Fact]
    public async Task A_sample_that_does_not_answer_ends_the_tour()
    {
        _api.Invoke = context =>
        {
            context.Response.StatusCode = 502;
            return context.Response.WriteAsync("broken");
        };

        (await Should.ThrowAsync<ProblemException>(TourAsync)).Message.ShouldContain("hello-js answered");
    }

    private async Task TourAsync()
    {
        using var client = new ControlClient(new Uri(_api.Url), ResourceName.Default, ResourceName.Default);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_printed), Ansi = AnsiSupport.No });
        console.Profile.Width = 400;
        await WelcomeTour.RunAsync(client, new Uri(_api.Url), _folder.Path, console, TimeProvider.System, TestContext.Current.CancellationToken);
    }
}
