using System.IO.Compression;
using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>The command line where it does more than one request: watching, following, packing, printing.</summary>
public sealed class CommandTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task Dev_serves_what_was_saved_shows_its_errors_and_takes_it_away_at_the_end()
    {
        var source = node.Folder.Write("live/index.ts", "export default () => 'first';");
        using var dev = VirgaProgram.Start(node.Folder.Path, node.Admin, "dev", source, "--name", "live");
        await SaysAsync(dev.StandardError, "Deployed version 1");
        (await node.GetAsync("/f/live")).Body.ShouldBe("\"first\"");

        await File.WriteAllTextAsync(source, "export default () => 'broken", TestContext.Current.CancellationToken);
        await SaysAsync(dev.StandardError, "build-failed");
        (await node.GetAsync("/f/live")).Body.ShouldBe("\"first\"");

        await File.WriteAllTextAsync(source, "export default () => 'second';", TestContext.Current.CancellationToken);
        await SaysAsync(dev.StandardError, "Deployed version 2");
        (await node.GetAsync("/f/live")).Body.ShouldBe("\"second\"");

        Signals.Stop(dev.Id);
        await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
        dev.ExitCode.ShouldBeOneOf(0, 130);
        (await node.GetAsync("/f/live")).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task Followed_logs_show_lines_as_they_come()
    {
        await node.DeployAsync("followed", Source.JavaScript("export default (event) => console.log('line ' + event.query.n);"));
        await node.GetAsync("/f/followed?n=1");
        using var logs = VirgaProgram.Start(node.Folder.Path, node.Admin, "fn", "logs", "followed", "--follow");
        await SaysAsync(logs.StandardOutput, "line 1");

        await node.GetAsync("/f/followed?n=2");
        await SaysAsync(logs.StandardOutput, "line 2");

        Signals.Stop(logs.Id);
        await logs.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_zip_is_deployed_as_it_is()
    {
        var source = node.Folder.Write("zipped/main.py", "def handler(event, ctx):\n    return 'unzipped'\n");
        var zip = Path.Combine(node.Folder.Path, "zipped.zip");
        await ZipFile.CreateFromDirectoryAsync(Path.GetDirectoryName(source)!, zip, TestContext.Current.CancellationToken);

        (await node.RunAsync("fn", "deploy", zip, "--name", "zipped", "--env", "python")).ShouldSucceed();

        (await node.GetAsync("/f/zipped")).Body.ShouldBe("\"unzipped\"");
    }

    [Fact]
    public async Task Results_are_printed_for_people_and_for_programs()
    {
        await node.DeployAsync("listed", Source.JavaScript("export default () => 1;"));

        (await node.RunAsync("fn", "list")).ShouldSucceed().Output.ShouldContain("listed");
        JsonNode.Parse((await node.RunAsync("fn", "get", "listed", "-o", "json")).ShouldSucceed().Output)!["status"]!["liveVersion"]!.GetValue<int>().ShouldBe(1);
        (await node.RunAsync("fn", "get", "listed", "-o", "yaml")).ShouldSucceed().Output.ShouldContain("liveVersion: 1");
    }

    [Fact]
    public async Task An_invocation_by_command_passes_body_headers_and_exit_code_on()
    {
        await node.DeployAsync("invoked", Source.Python("def handler(event, ctx):\n    return {'status': int(event.query['s']), 'body': {'body': event.body, 'kind': event.headers['x-kind'], 'path': event.path}}\n"));

        var good = await node.RunAsync("fn", "invoke", "invoked", "--data", """{"n":1}""", "--header", "X-Kind: test", "--query", "s=201", "--path", "/deep");
        var bad = await node.RunAsync("fn", "invoke", "invoked", "--data", "text", "--header", "X-Kind: test", "--query", "s=409");

        good.ShouldSucceed();
        JsonNode.Parse(good.Output)!.ToJsonString().ShouldBe("""{"body":{"n":1},"kind":"test","path":"/deep"}""");
        bad.ShouldFail(4, "status-409");
    }

    [Fact]
    public async Task What_does_not_exist_is_said_so()
    {
        (await node.RunAsync("fn", "get", "nobody")).ShouldFail(1, "not-found").ShouldContain("nobody");
        (await node.RunAsync("fn", "invoke", "nobody")).ShouldFail(1, "not-found");
        (await node.RunAsync("fn", "logs", "nobody")).Code.ShouldBeOneOf(0, 1);
        (await node.RunAsync("invocation", "get", "01JD3TAAAAAAAAAAAAAAAAAAAA")).ShouldFail(1, "not-found");
        (await node.RunAsync("fn", "deploy", "no-such-path", "--name", "x")).ShouldFail(2, "usage").ShouldContain("no-such-path");
    }

    private static async Task SaysAsync(StreamReader output, string text)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        var seen = new List<string>();
        while (await output.ReadLineAsync(patience.Token) is { } line)
        {
            seen.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        throw new InvalidOperationException($"The command ended before it said '{text}'; it said: {string.Join('\n', seen)}");
    }
}
