using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class CommandSpecifications : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ControlApi.StartAsync();
        _folder.Write("hello.mjs");
        (await RunAsync("fn", "deploy", "hello.mjs", "--name", "hello")).Code.ShouldBe(ExitCode.Ok);
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_list_is_a_table_for_people()
    {
        var lines = (await RunAsync("fn", "list")).Out.Split('\n');

        lines[0].ShouldStartWith("NAME ");
        lines[1].ShouldStartWith("hello  node ");
        lines[1].ShouldNotContain("\u001b");
    }

    [Fact]
    public async Task Json_is_what_the_control_api_says()
    {
        var run = await RunAsync("fn", "get", "hello", "--output", "json");

        JsonNode.DeepEquals(JsonNode.Parse(run.Out), _api.Resource("functions", "hello")).ShouldBeTrue();
    }

    [Fact]
    public async Task Yaml_says_the_same()
    {
        var run = await RunAsync("fn", "get", "hello", "-o", "yaml");

        run.Out.ShouldContain("name: hello\nversion: 1\nspec:\n  environment: node\n");
        run.Out.ShouldContain("memory: \"128MB\"");
        run.Out.ShouldNotContain("...");
    }

    [Fact]
    public async Task A_connection_that_breaks_while_a_function_answers_is_one_line()
    {
        _api.Invoke = async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        };

        var run = await RunAsync("fn", "invoke", "hello");

        run.Code.ShouldBe(ExitCode.FunctionFailed, run.Error);
        run.Error.TrimEnd().ShouldStartWith("error: The connection broke while the function answered: ");
        run.Error.TrimEnd().ShouldEndWith("(connection-broken)");
        run.Error.TrimEnd().ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("fn", "lst", "`virga fn` does not know 'lst'. Did you mean `list`?")]
    [InlineData("frob", "x", "`virga` does not know 'frob'.")]
    [InlineData("fn", "get", "Required argument 'NAME' missing")]
    [InlineData("version", "--output=xml", "'xml' is no output format; --output takes table, json or yaml.")]
    [InlineData("version", "--admin=ftp://x", "'ftp://x' in --admin is no address")]
    public async Task A_mistyped_command_line_is_a_usage_error(string first, string second, string message)
    {
        var run = await RunAsync(first, second);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldStartWith("error: " + message);
    }

    [Fact]
    public async Task A_missing_function_is_refused_in_one_line()
    {
        var run = await RunAsync("fn", "get", "nobody");

        run.Code.ShouldBe(ExitCode.Refused);
        run.Error.ShouldBe("error: There is no functions/nobody. See what there is. (not-found)\n");
    }

    [Fact]
    public async Task A_node_that_is_not_there_is_said_so()
    {
        var run = await RunAsync("fn", "list", "--admin", "127.0.0.1:1");

        run.Code.ShouldBe(ExitCode.Unreachable);
        run.Error.ShouldBe("error: No Virga node answers at http://127.0.0.1:1: connection refused. Start one with `virga up`, or name another with --admin URL or VIRGA_ADMIN. (node-unreachable)\n");
    }

    [Fact]
    public async Task An_invocation_sends_what_was_asked_and_prints_the_raw_answer()
    {
        _folder.Write("body.json", "{\"n\":1}");
        _api.Invoke = async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var query = context.Request.Query;
            await context.Response.WriteAsync($"{query["method"]} {query["path"]} {query["qualifier"]} {query["query"]} {context.Request.ContentType} {context.Request.Headers["X-A"]} {await reader.ReadToEndAsync(context.RequestAborted)}");
        };

        var run = await RunAsync("fn", "invoke", "hello:2", "--data", "@body.json", "--path", "/a", "--query", "x=1&y=2", "--header", "X-A: b", "--method", "put");

        run.Code.ShouldBe(ExitCode.Ok);
        run.Out.ShouldBe("PUT /a 2 x=1&y=2 application/json b {\"n\":1}");
    }

    [Fact]
    public async Task A_failed_function_is_told_with_its_invocation()
    {
        _api.Invoke = context =>
        {
            context.Response.StatusCode = 500;
            context.Response.ContentType = "application/problem+json";
            context.Response.Headers["Virga-Invocation-Id"] = "01JD3T00000000000000000000";
            return context.Response.WriteAsync(ControlApi.ProblemOf("function-error", 500, "function", "TypeError: no", "See the log.").ToJsonString());
        };

        var run = await RunAsync("fn", "invoke", "hello");

        run.Code.ShouldBe(ExitCode.FunctionFailed);
        run.Error.ShouldBe("error: TypeError: no. See the log. Look at it with `virga invocation get 01JD3T00000000000000000000`. (function-error)\n");
    }

    [Theory]
    [InlineData("'a b' is no function's name.", "fn", "invoke", "a b")]
    [InlineData("'X' in --header is no header", "fn", "invoke", "hello", "--header", "X")]
    [InlineData("There is no file 'no.json', which --data names.", "fn", "invoke", "hello", "--data", "@no.json")]
    [InlineData("'x' is no invocation id", "invocation", "get", "x")]
    [InlineData("--alternate and --weight go together.", "fn", "alias", "set", "hello", "beta", "1", "--alternate", "2")]
    [InlineData("'0' in --weight is no part of the traffic; it must be more than 0 and less than 1", "fn", "alias", "set", "hello", "beta", "1", "--weight", "0")]
    [InlineData("'1' in --weight is no part of the traffic; it must be more than 0 and less than 1", "fn", "alias", "set", "hello", "beta", "1", "--weight", "1")]
    [InlineData("'2' in --weight is no part of the traffic; it must be more than 0 and less than 1", "fn", "alias", "set", "hello", "beta", "1", "--weight", "2")]
    [InlineData("CORS options need an origin.", "route", "add", "GET /x", "hello", "--cors-credentials")]
    public async Task A_wrong_input_is_named(string message, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
    }

    [Theory]
    [InlineData("js", "index.mjs", "node")]
    [InlineData("ts", "index.ts", "node")]
    [InlineData("python", "main.py", "python")]
    [InlineData("csharp", "Function.cs", "dotnet")]
    public async Task A_new_project_can_be_applied_as_it_is(string language, string file, string environment)
    {
        (await RunAsync("init", "--lang", language, "shop")).Code.ShouldBe(ExitCode.Ok);

        var run = await RunAsync("apply", "-f", "shop/virga.yaml");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        File.Exists(Path.Combine(_folder.Path, "shop", file)).ShouldBeTrue();
        _api.Resource("functions", "shop")["spec"]!["environment"]!.ToString().ShouldBe(environment);
    }

    [Fact]
    public async Task A_typescript_project_has_the_types_of_the_runtime()
    {
        await RunAsync("init", "--lang", "ts", "shop");

        var types = await File.ReadAllTextAsync(Path.Combine(_folder.Path, "shop", "virga.d.ts"), TestContext.Current.CancellationToken);
        types.ShouldContain("export interface Event");
        types.ShouldContain("export interface Context");
    }

    [Fact]
    public async Task A_new_project_overwrites_nothing()
    {
        _folder.Write("shop/mine.txt");

        var run = await RunAsync("init", "--lang", "js", "shop");

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("'shop' exists already in this folder; nothing was written.");
        Directory.GetFiles(Path.Combine(_folder.Path, "shop")).ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _virga virga")]
    [InlineData("zsh", "compdef _virga virga")]
    [InlineData("fish", "complete -c virga")]
    public async Task A_completion_script_is_printed(string shell, string line) =>
        (await RunAsync("completion", shell)).Out.ShouldContain(line);

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);
}
