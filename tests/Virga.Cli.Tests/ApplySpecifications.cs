using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class ApplySpecifications : IAsyncLifetime, IDisposable
{
    private const string TwoFunctions = """
        functions:
          - name: hello
            path: hello.mjs
            memory: 64MB
            keep-warm: 60s
            routes: ["GET /hello", "POST /hello/{id}"]
            variables: { GREETING: hi }
          - name: count
            path: code
            env: python
        routes:
          - path: /all/{*rest}
            function: hello:live
            host: example.org
            cors: { origins: ["https://example.org"], maxAge: 5m }
        environments:
          - name: ruby
            command: [/usr/bin/ruby, worker.rb]
        """;

    private readonly TemporaryFolder _folder = new();
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ControlApi.StartAsync();
        _folder.Write("hello.mjs");
        _folder.Write("code/main.py");
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_route_said_in_another_way_is_unchanged()
    {
        const string Said = """
            functions:
              - name: hello
                path: hello.mjs
                routes: ["post,GET /hello"]
            routes:
              - methods: [put, GET, put]
                path: /all
                host: Shop.Example.org
                function: hello
            """;
        await ApplyAsync(Said);
        _api.Writes.Clear();

        var run = await ApplyAsync(Said);

        run.Out.ShouldContain("= route GET,POST /hello → hello (unchanged)");
        run.Out.ShouldContain("= route GET,PUT shop.example.org/all → hello (unchanged)");
        _api.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_declared_is_created_in_order()
    {
        var run = await ApplyAsync(TwoFunctions);

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Out.ShouldBe("""
            + environment ruby
            + function hello
            + function count
            + route GET /hello → hello
            + route POST /hello/{id} → hello
            + route * example.org/all/{*rest} → hello:live

            """);
        _api.Names("functions").ShouldBe(["count", "hello"]);
        _api.Names("routes").Count().ShouldBe(3);
        _api.Resource("functions", "hello")["spec"]!["keepWarm"]!["idle"]!.ToString().ShouldBe("1m");
    }

    [Fact]
    public async Task A_second_application_changes_nothing()
    {
        await ApplyAsync(TwoFunctions);
        _api.Writes.Clear();

        var run = await ApplyAsync(TwoFunctions);

        run.Error.ShouldBe("Everything is as declared.\n");
        run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldAllBe(line => line.StartsWith("= ") && line.EndsWith("(unchanged)"));
        _api.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_dry_run_shows_the_changed_members_and_changes_nothing()
    {
        await ApplyAsync(TwoFunctions);
        _api.Writes.Clear();

        var run = await ApplyAsync(TwoFunctions.Replace("64MB", "65536KB").Replace("GREETING: hi", "GREETING: hello"), "--dry-run");

        run.Out.ShouldContain("~ function hello\n    variables: GREETING=hi → GREETING=hello\n=");
        run.Error.ShouldBe("1 change to make; nothing was changed.\n");
        _api.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_the_file_no_longer_says_returns_to_its_default()
    {
        await ApplyAsync(TwoFunctions);

        var run = await ApplyAsync(TwoFunctions.Replace("    memory: 64MB\n", ""));

        run.Out.ShouldContain("memory: 64MB → 128MB");
        _api.Resource("functions", "hello")["spec"]!["memory"]!.ToString().ShouldBe("128MB");
    }

    [Fact]
    public async Task The_first_failure_stops_and_says_what_was_done()
    {
        _api.Problem = line => line == "PUT functions/count" ? ControlApi.ProblemOf("invalid-spec", 422, "client", "No.", "Change it.") : null;

        var run = await ApplyAsync(TwoFunctions);

        run.Code.ShouldBe(ExitCode.Refused);
        run.Error.ShouldBe("""
            Stopped at function count: 2 of 6 changes made, the rest not. Mend it and apply again.
            error: No. Change it. (invalid-spec)

            """);
        _api.Names("routes").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("functions:\n  - name: a\n    path: .\n    memroy: 1MB", "virga.yaml:4: 'memroy' is no known key. Did you mean 'memory'?")]
    [InlineData("function: []", "virga.yaml:1: 'function' is no known key. Did you mean 'functions'?")]
    [InlineData("functions:\n  - path: .", "virga.yaml:2: 'name' is missing.")]
    [InlineData("functions:\n  - name: A B\n    path: .", "virga.yaml:2: 'A B' is no valid name.")]
    [InlineData("functions:\n  - name: a\n    path: .\n    timeout: soon", "virga.yaml:4: 'soon' is not a duration such as 30s or 2m, which 'timeout' takes.")]
    [InlineData("functions:\n  - name: a\n    path: .\n    routes: [GET x]", "virga.yaml:4: A path template begins with '/'.")]
    [InlineData("functions:\n  - name: a\n    path: .\n    name: b", "no valid YAML")]
    [InlineData("functions: {}", "virga.yaml:1: 'functions' must be a list")]
    [InlineData("functions: [", "no valid YAML")]
    [InlineData("- a", "virga.yaml:1: The file must be a mapping")]
    [InlineData("functions:\n  - name: a\n    path: missing.mjs", "There is no file or folder")]
    public async Task A_mistake_in_the_file_is_named_with_its_line(string text, string message)
    {
        var run = await ApplyAsync(text);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
        _api.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var run = await new Support.Cli(_folder.Path).RunAsync("apply", "-f", "other.yaml");

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("other.yaml'. Name the file with -f");
    }

    private Task<CliRun> ApplyAsync(string text, params string[] options)
    {
        _folder.Write("virga.yaml", text);
        return new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(["apply", .. options]);
    }
}
