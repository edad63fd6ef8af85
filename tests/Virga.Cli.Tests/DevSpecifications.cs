using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class DevSpecifications : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await ControlApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_save_is_deployed_and_the_function_goes_at_the_end()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var file = _folder.Write("hello.mjs", "1");
        var first = new TaskCompletionSource();
        var second = new TaskCompletionSource();
        _api.Deployed = (_, version) => (version == 1 ? first : second).TrySetResult();

        var running = new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunUntilStoppedAsync(["dev", "hello.mjs"], stop.Token);
        await first.Task.WaitAsync(TimeSpan.FromSeconds(30), stop.Token);
        await File.WriteAllTextAsync(file, "2", stop.Token);
        await second.Task.WaitAsync(TimeSpan.FromSeconds(30), stop.Token);
        await stop.CancelAsync();
        var run = await running;

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Error.ShouldContain("Serving hello-dev at http://127.0.0.1:8080/f/hello-dev");
        _api.Names("functions").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_function_that_dev_would_delete_is_left_alone()
    {
        _folder.Write("hello.mjs");
        var cli = new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url));
        await cli.RunAsync("fn", "deploy", "hello.mjs", "--name", "shop");

        var run = await cli.RunAsync("dev", "hello.mjs", "--name", "shop");

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("There is a function 'shop' already; `dev` would delete it at its end. Give another --name, or --keep to leave it deployed.");
        _api.Names("functions").ShouldBe(["shop"]);
    }

    [Fact]
    public async Task A_build_error_is_shown_and_the_next_save_mends_it()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var file = _folder.Write("hello.mjs", "1");
        var refused = new TaskCompletionSource();
        var deployed = new TaskCompletionSource();
        _api.Deployed = (_, _) => deployed.TrySetResult();
        _api.Problem = line =>
        {
            if (!line.StartsWith("PUT", StringComparison.Ordinal) || refused.Task.IsCompleted)
            {
                return null;
            }

            refused.SetResult();
            return ControlApi.ProblemOf("build-failed", 422, "client", "It does not compile.", "Mend it.");
        };

        var running = new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunUntilStoppedAsync(["dev", "hello.mjs", "--name", "mine", "--keep"], stop.Token);
        await refused.Task.WaitAsync(TimeSpan.FromSeconds(30), stop.Token);
        await File.WriteAllTextAsync(file, "2", stop.Token);
        await deployed.Task.WaitAsync(TimeSpan.FromSeconds(30), stop.Token);
        await stop.CancelAsync();
        var run = await running;

        run.Error.ShouldContain("error: It does not compile. Mend it. (build-failed)");
        _api.Names("functions").ShouldBe(["mine"]);
    }
}
