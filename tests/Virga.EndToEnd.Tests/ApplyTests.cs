using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary><c>virga apply</c>: a file that declares what shall be there.</summary>
public sealed class ApplyTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task A_file_is_applied_once_and_then_found_as_declared()
    {
        var file = Project("first", "orders");

        var plan = (await node.RunAsync("apply", "-f", file, "--dry-run")).ShouldSucceed();
        plan.Output.ShouldContain("+ function orders");
        (await node.ControlAsync("functions/orders")).ShouldBeProblem(404, "not-found");

        (await node.RunAsync("apply", "-f", file)).ShouldSucceed().Error.ShouldContain("2 changes made");
        (await node.GetAsync("/orders/7")).Body.ShouldBe("\"order 7\"");

        (await node.RunAsync("apply", "-f", file)).ShouldSucceed().Error.ShouldContain("Everything is as declared");
        (await node.ControlAsync("functions/orders")).Json["status"]!["latestVersion"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task A_change_in_the_file_shows_in_the_plan_and_makes_one_new_version()
    {
        var file = Project("second", "bills");
        (await node.RunAsync("apply", "-f", file)).ShouldSucceed();
        File.WriteAllText(file, File.ReadAllText(file).Replace("timeout: 5s", "timeout: 7s", StringComparison.Ordinal));

        var applied = (await node.RunAsync("apply", "-f", file)).ShouldSucceed();

        applied.Output.ShouldContain("timeout");
        applied.Output.ShouldContain("7s");
        (await node.ControlAsync("functions/bills")).Json["status"]!["latestVersion"]!.GetValue<int>().ShouldBe(2);
    }

    [Fact]
    public async Task A_mistake_in_the_file_is_named_with_its_line()
    {
        var file = node.Folder.Write("wrong/virga.yaml", "functions:\n  - name: x\n    path: x.mjs\n    memroy: 128MB\n");

        var line = (await node.RunAsync("apply", "-f", file)).ShouldFail(2, "usage");

        line.ShouldContain("virga.yaml:4");
        line.ShouldContain("memroy");
    }

    [Fact]
    public async Task A_declared_route_answers_the_preflights_of_its_origins()
    {
        node.Folder.Write("cors/page.mjs", "export default () => 'for pages';");
        var file = node.Folder.Write(
            "cors/virga.yaml",
            """
            functions:
              - name: page
                path: page.mjs
            routes:
              - path: /page
                method: GET
                function: page
                cors:
                  origins: [https://example.org]
                  headers: [x-token]
            """);
        (await node.RunAsync("apply", "-f", file)).ShouldSucceed();
        var preflight = new HttpRequestMessage(HttpMethod.Options, "/page")
        {
            Headers = { { "Origin", "https://example.org" }, { "Access-Control-Request-Method", "GET" }, { "Access-Control-Request-Headers", "x-token" } },
        };

        var allowed = await node.SendAsync(preflight);
        var answer = await node.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/page") { Headers = { { "Origin", "https://example.org" } } });
        var foreign = await node.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/page") { Headers = { { "Origin", "https://elsewhere.example" } } });

        allowed.Status.ShouldBe(204);
        allowed.Header("Access-Control-Allow-Origin").ShouldBe("https://example.org");
        allowed.Header("Access-Control-Allow-Headers")!.ShouldContain("x-token");
        answer.Body.ShouldBe("\"for pages\"");
        answer.Header("Access-Control-Allow-Origin").ShouldBe("https://example.org");
        foreign.Header("Access-Control-Allow-Origin").ShouldBeNull();
    }

    private string Project(string folder, string function)
    {
        node.Folder.Write($"{folder}/{function}.py", "def handler(event, ctx):\n    return 'order ' + event['params']['id']\n");
        return node.Folder.Write(
            $"{folder}/virga.yaml",
            $$"""
            functions:
              - name: {{function}}
                path: {{function}}.py
                memory: 128MB
                timeout: 5s
                routes: ["GET /{{function}}/{id}"]
            """);
    }
}
