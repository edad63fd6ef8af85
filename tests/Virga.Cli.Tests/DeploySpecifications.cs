using System.Text.Json.Nodes;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class DeploySpecifications : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await ControlApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_deployed_source_file_says_where_it_answers()
    {
        _folder.Write("hello.mjs", "export default () => 1");

        var run = await RunAsync("fn", "deploy", "hello.mjs", "--name", "hello", "--route", "GET /hello/{id}");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Out.ShouldContain("http://127.0.0.1:8080/f/hello");
        run.Out.ShouldContain("GET http://127.0.0.1:8080/hello/{id}");
        run.Error.ShouldContain("1 file");
        Spec("hello")["environment"]!.ToString().ShouldBe("node");
    }

    [Fact]
    public async Task Every_option_reaches_the_specification()
    {
        _folder.Write("main.py");

        var run = await RunAsync(
            "fn", "deploy", "main.py", "--name", "f", "--handler", "main:go", "--timeout", "5s", "--memory", "64MB", "--cpu", "0.5", "--concurrency", "4",
            "--isolation", "process", "--env-var", "A=1", "--env-var", "B=x=y", "--max-instances", "2", "--egress", "--body", "stream", "--keep-warm", "1m",
            "--executor", "dedicated", "--min-instances", "1", "--target-utilisation", "0.5", "--provisioned", "1", "--provisioned", "2 @ 0 8 * * 1-5 for 10h in Europe/Berlin",
            "--sticky", "header:X-User", "--max-calls-per-instance", "9");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var spec = Spec("f");
        spec["handler"]!.ToString().ShouldBe("main:go");
        spec["timeout"]!.ToString().ShouldBe("5s");
        spec["memory"]!.ToString().ShouldBe("64MB");
        spec["cpu"]!.GetValue<double>().ShouldBe(0.5);
        spec["concurrency"]!.GetValue<int>().ShouldBe(4);
        spec["isolation"]!.ToString().ShouldBe("process");
        spec["variables"]!["B"]!.ToString().ShouldBe("x=y");
        spec["maxInstances"]!.GetValue<int>().ShouldBe(2);
        spec["egress"]!.ToString().ShouldBe("internet");
        spec["requestBody"]!.ToString().ShouldBe("stream");
        spec["keepWarm"]!.ToJsonString().ShouldBe("""{"idle":"1m","frozen":"1h","snapshot":"7d"}""");
        spec["executor"]!.ToString().ShouldBe("dedicated");
        spec["minInstances"]!.GetValue<int>().ShouldBe(1);
        spec["targetUtilisation"]!.GetValue<double>().ShouldBe(0.5);
        spec["provisioned"]!.AsArray().Count.ShouldBe(2);
        spec["provisioned"]![1]!.ToJsonString().ShouldBe("""{"instances":2,"schedule":"0 8 * * 1-5","duration":"10h","timeZone":"Europe/Berlin"}""");
        spec["sticky"]!.ToString().ShouldBe("header:x-user");
    }

    [Fact]
    public async Task A_second_deployment_keeps_what_it_does_not_mention()
    {
        _folder.Write("main.py");
        await RunAsync("fn", "deploy", "main.py", "--name", "f", "--memory", "64MB", "--env-var", "A=1");

        await RunAsync("fn", "deploy", "main.py", "--name", "f", "--env-var", "B=2");

        Spec("f")["memory"]!.ToString().ShouldBe("64MB");
        Spec("f")["variables"]!.AsObject().Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_that_somebody_makes_meanwhile_is_kept(bool existed)
    {
        _folder.Write("main.py");
        await RunAsync("fn", "deploy", "main.py", "--name", "other", "--memory", "64MB");
        if (existed)
        {
            await RunAsync("fn", "deploy", "main.py", "--name", "f");
        }

        var interfered = false;
        _api.Problem = line =>
        {
            if (line == "PUT functions/f" && !interfered)
            {
                interfered = true;
                _api.Overwrite("functions", "f", Spec("other"));
            }

            return null;
        };

        var run = await RunAsync("fn", "deploy", "main.py", "--name", "f", "--env-var", "A=1");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        Spec("f")["memory"]!.ToString().ShouldBe("64MB");
        Spec("f")["variables"]!["A"]!.ToString().ShouldBe("1");
    }

    [Fact]
    public async Task A_second_deployment_stays_in_its_environment()
    {
        _folder.Write("main.py");
        File.SetUnixFileMode(_folder.Write("serve"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await RunAsync("fn", "deploy", "main.py", "--name", "f", "--env", "custom");
        await RunAsync("fn", "deploy", "serve", "--name", "g");

        (await RunAsync("fn", "deploy", "main.py", "--name", "f")).Code.ShouldBe(ExitCode.Ok);
        var run = await RunAsync("fn", "deploy", "main.py", "--name", "g");

        Spec("f")["environment"]!.ToString().ShouldBe("custom");
        Spec("g")["environment"]!.ToString().ShouldBe("exec");
        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("The function runs in exec, but 'main.py' looks like one for python. Say which is meant: --env python or --env exec.");
    }

    [Fact]
    public async Task An_unchanged_package_and_route_are_not_sent_again()
    {
        _folder.Write("hello.mjs");
        await RunAsync("fn", "deploy", "hello.mjs", "--name", "hello", "--route", "GET /a/{x}");
        _api.Writes.Clear();

        await RunAsync("fn", "deploy", "hello.mjs", "--name", "hello", "--route", "GET /a/{x}");

        _api.Writes.ShouldBe(["PUT functions/hello"]);
    }

    [Fact]
    public async Task A_route_with_a_renamed_parameter_is_updated_in_its_place()
    {
        _folder.Write("hello.mjs");
        await RunAsync("fn", "deploy", "hello.mjs", "--name", "hello", "--route", "GET /a/{x}");

        await RunAsync("fn", "deploy", "hello.mjs", "--name", "hello", "--route", "GET /a/{y}");

        _api.Resource("routes", _api.Names("routes").ShouldHaveSingleItem())["spec"]!["path"]!.ToString().ShouldBe("/a/{y}");
    }

    [Fact]
    public async Task A_failed_build_is_told_by_file_and_line()
    {
        _folder.Write("Hello.cs");
        var problem = ControlApi.ProblemOf("build-failed", 422, "client", "Hello.cs:3:7: CS1002: ; expected", "Mend the source.");
        problem["diagnostics"] = new JsonArray(new JsonObject { ["file"] = "Hello.cs", ["line"] = 3, ["column"] = 7, ["severity"] = "error", ["code"] = "CS1002", ["message"] = "; expected" });
        _api.Problem = line => line.StartsWith("PUT", StringComparison.Ordinal) ? problem : null;

        var run = await RunAsync("fn", "deploy", "Hello.cs", "--name", "hello");

        run.Code.ShouldBe(ExitCode.Refused);
        run.Error.ShouldContain("Hello.cs:3:7: error CS1002: ; expected\nerror: 1 error in the source. Mend the source. (build-failed)\n");
    }

    [Theory]
    [InlineData("error: There is no file or folder", "fn", "deploy", "nothing.mjs", "--name", "a")]
    [InlineData("'A/b' in --name is no valid name", "fn", "deploy", ".", "--name", "A/b")]
    [InlineData("Option '--name' is required", "fn", "deploy", ".")]
    [InlineData("'soon' in --timeout is no duration; write it as 250ms", "fn", "deploy", ".", "--name", "a", "--timeout", "soon")]
    [InlineData("'lots' in --memory is no size; write it as 128MB", "fn", "deploy", ".", "--name", "a", "--memory", "lots")]
    [InlineData("'0' in --concurrency is no whole number from 1 on", "fn", "deploy", ".", "--name", "a", "--concurrency", "0")]
    [InlineData("'-1' in --cpu is no number of cores", "fn", "deploy", ".", "--name", "a", "--cpu", "-1")]
    [InlineData("'chroot' is none of the values of --isolation: process, bubblewrap", "fn", "deploy", ".", "--name", "a", "--isolation", "chroot")]
    [InlineData("'A' in --env-var is no KEY=VALUE", "fn", "deploy", ".", "--name", "a", "--env-var", "A")]
    [InlineData("A path template begins with '/'", "fn", "deploy", ".", "--name", "a", "--route", "GET users")]
    [InlineData("'G3T' in the route 'G3T /users' is no HTTP method", "fn", "deploy", ".", "--name", "a", "--route", "G3T /users")]
    public async Task A_wrong_input_is_named_with_its_mending(string message, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
        run.Error.TrimEnd().ShouldEndWith("(usage)");
        _api.Writes.ShouldBeEmpty();
    }

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);

    private JsonNode Spec(string function) => _api.Resource("functions", function)["spec"]!;
}
