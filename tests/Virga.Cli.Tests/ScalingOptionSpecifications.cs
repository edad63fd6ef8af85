using System.Text.Json.Nodes;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class ScalingOptionSpecifications : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await ControlApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2m", """{"idle":"2m","frozen":"1h","snapshot":"7d"}""")]
    [InlineData("frozen=30m", """{"idle":"2m","frozen":"30m","snapshot":"7d"}""")]
    [InlineData("idle=0s,frozen=0s,snapshot=1d", """{"idle":"0s","frozen":"0s","snapshot":"1d"}""")]
    public async Task Each_tier_is_kept_as_long_as_said(string keepWarm, string expected)
    {
        await DeployAsync("--keep-warm", keepWarm);

        Spec["keepWarm"]!.ToJsonString().ShouldBe(expected);
    }

    [Fact]
    public async Task A_tier_that_is_not_named_stays_as_it_was()
    {
        await DeployAsync("--keep-warm", "frozen=30m");

        await DeployAsync("--keep-warm", "5m");

        Spec["keepWarm"]!.ToJsonString().ShouldBe("""{"idle":"5m","frozen":"30m","snapshot":"7d"}""");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("false")]
    public async Task Egress_is_taken_back(string policy)
    {
        await DeployAsync("--egress");
        Spec["egress"]!.ToString().ShouldBe("internet");

        await DeployAsync("--egress", policy);

        Spec["egress"]!.ToString().ShouldBe("none");
    }

    [Fact]
    public async Task What_is_provisioned_sticky_and_once_only_is_taken_back()
    {
        await DeployAsync("--provisioned", "5", "--sticky", "cookie:sid");
        await DeployAsync("--provisioned", "0", "--sticky", "none", "--once-only");
        Spec["provisioned"]!.AsArray().ShouldBeEmpty();
        Spec["sticky"].ShouldBeNull();
        Spec["onceOnly"]!.GetValue<bool>().ShouldBeTrue();

        await DeployAsync("--once-only", "false");

        Spec["onceOnly"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Theory]
    [InlineData("--provisioned", "5 @ 0 8 * * 1-5", "write it as N")]
    [InlineData("--provisioned", "many", "write it as N")]
    [InlineData("--sticky", "user", "write it as header:NAME")]
    [InlineData("--keep-warm", "idle=2m,idle=3m", "write it as a duration")]
    [InlineData("--keep-warm", "molten=2m", "write it as a duration")]
    [InlineData("--egress", "lan", "neither none nor internet")]
    [InlineData("--target-utilisation", "0", "no share above 0")]
    [InlineData("--executor", "cloud", "pool, dedicated")]
    [InlineData("--isolation", "vm", "process, bubblewrap, gvisor")]
    public async Task What_cannot_be_read_is_named(string option, string value, string message)
    {
        var run = await RunAsync("fn", "deploy", "main.py", "--name", "f", option, value);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
        _api.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_manifest_says_the_same_in_groups_or_in_short()
    {
        _folder.Write("main.py");
        _folder.Write("virga.yaml", """
            functions:
              - name: f
                path: main.py
                executor: dedicated
                scale: { min: 1, max: 8, target: 0.6 }
                keepWarm: { idle: 1m, frozen: 2h }
                provisioned:
                  - "3"
                  - 5 @ 0 8 * * 1-5 for 10h in Europe/Berlin
                  - { instances: 2, schedule: "0 0 * * *", duration: 1h }
                sticky: query:user
                egress: internet
                isolation: gvisor
              - name: g
                path: main.py
                minInstances: 0
                maxInstances: 3
                keepWarm: 5m
                egress: true
                onceOnly: true
            """);

        var run = await RunAsync("apply");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        Spec["minInstances"]!.GetValue<int>().ShouldBe(1);
        Spec["maxInstances"]!.GetValue<int>().ShouldBe(8);
        Spec["targetUtilisation"]!.GetValue<double>().ShouldBe(0.6);
        Spec["keepWarm"]!.ToJsonString().ShouldBe("""{"idle":"1m","frozen":"2h","snapshot":"7d"}""");
        Spec["provisioned"]!.AsArray().Select(window => window!["instances"]!.GetValue<int>()).ShouldBe([3, 5, 2]);
        Spec["provisioned"]![1]!["timeZone"]!.ToString().ShouldBe("Europe/Berlin");
        Spec["sticky"]!.ToString().ShouldBe("query:user");
        Spec["isolation"]!.ToString().ShouldBe("gvisor");
        var other = _api.Resource("functions", "g")["spec"]!;
        other["egress"]!.ToString().ShouldBe("internet");
        other["onceOnly"]!.GetValue<bool>().ShouldBeTrue();
        other["keepWarm"]!["idle"]!.ToString().ShouldBe("5m");
        (await RunAsync("apply")).Out.ShouldContain("= function f (unchanged)");
    }

    [Theory]
    [InlineData("scale: { max: 8 }\n    maxInstances: 3", "'scale' and 'maxInstances' mean the same")]
    [InlineData("scale: { least: 8 }", "'least' is no known key")]
    [InlineData("keepWarm: { warm: 8s }", "'warm' is no known key")]
    [InlineData("provisioned: [{ schedule: x }]", "'instances' is missing")]
    [InlineData("provisioned: [lots]", "'lots' is not N, or N @ CRON")]
    [InlineData("sticky: user", "'user' is not header:NAME")]
    public async Task A_mistake_in_a_manifest_is_named_with_its_line(string line, string message)
    {
        _folder.Write("main.py");
        _folder.Write("virga.yaml", $"functions:\n  - name: f\n    path: main.py\n    {line}\n");

        var run = await RunAsync("apply");

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain("virga.yaml:");
        run.Error.ShouldContain(message);
    }

    [Fact]
    public async Task A_function_is_scaled_by_what_is_named()
    {
        await DeployAsync();

        var run = await RunAsync("fn", "scale", "f", "--max", "4", "--target", "0.5");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Out.ShouldContain("0.5");
        _api.Writes.ShouldContain("PATCH functions/f/scale");
        Spec["maxInstances"]!.GetValue<int>().ShouldBe(4);
        Spec["minInstances"]!.GetValue<int>().ShouldBe(0);
        (await RunAsync("fn", "scale", "f")).Error.ShouldContain("nothing to change");
    }

    private JsonNode Spec => _api.Resource("functions", "f")["spec"]!;

    private async Task DeployAsync(params string[] options)
    {
        _folder.Write("main.py");
        var run = await RunAsync(["fn", "deploy", "main.py", "--name", "f", .. options]);
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
    }

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);
}
