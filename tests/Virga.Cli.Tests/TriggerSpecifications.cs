using System.Text.Json.Nodes;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class TriggerSpecifications : IAsyncLifetime, IDisposable
{
    private const string All = """
        triggers:
          - name: orders
            topics: [orders, returns]
            subscription: shop
            type: key_shared
            from: earliest
            function: handle:live
            batch: { maxMessages: 100, maxBytes: 256KB, maxWait: 50ms }
            concurrency: 8
            retry: { attempts: 3, backoff: { initial: 100ms, max: 10s, factor: 1.5 } }
            deadLetter: dead
            ackTimeout: 20s
            output: answers
        """;

    private readonly TemporaryFolder _folder = new();
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await ControlApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_declared_trigger_is_created_once()
    {
        (await ApplyAsync(All)).Out.ShouldBe("+ trigger orders\n");
        _api.Resource("triggers", "orders")["spec"]!.ToJsonString().ShouldBe(
            """{"source":{"topic":{"topics":["orders","returns"],"pattern":null,"subscription":"shop","type":"key_shared","from":"earliest"}},"function":"handle:live","""
            + """
            "batch":{"maxMessages":100,"maxBytes":"256KB","maxWait":"50ms"},"concurrency":8,"retry":{"attempts":3,"backoff":{"initial":"100ms","max":"10s","factor":1.5}},"deadLetter":"dead","ackTimeout":"20s","output":"answers"}
            """);
        _api.Writes.Clear();

        (await ApplyAsync(All)).Out.ShouldBe("= trigger orders (unchanged)\n");
        _api.Writes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("topic: orders", """{"topics":["orders"],"pattern":null,"subscription":null,"type":"shared","from":"latest"}""")]
    [InlineData("pattern: orders-.*", """{"topics":[],"pattern":"orders-.*","subscription":null,"type":"shared","from":"latest"}""")]
    [InlineData("source: { topic: { topics: [a], type: failover } }", """{"topics":["a"],"pattern":null,"subscription":null,"type":"failover","from":"latest"}""")]
    public async Task What_is_consumed_is_said_briefly_or_as_the_node_shows_it(string source, string expected)
    {
        _folder.Write("trigger.yaml", $"name: orders\n{source}\nfunction: handle\n");

        (await RunAsync("trigger", "create", "-f", "trigger.yaml")).Code.ShouldBe(ExitCode.Ok);

        _api.Resource("triggers", "orders")["spec"]!["source"]!["topic"]!.ToJsonString().ShouldBe(expected);
        _api.Resource("triggers", "orders")["spec"]!["batch"]!["maxMessages"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task Options_say_the_same_and_the_function_names_the_trigger()
    {
        var run = await RunAsync(
            "trigger", "create", "--topic", "a", "--topic", "b", "--function", "handle:live", "--type", "exclusive", "--from", "earliest", "--batch", "10", "--batch-wait", "1s", "--concurrency", "2", "--attempts", "9",
            "--dead-letter", "none", "--output-topic", "out", "--ack-timeout", "5s", "--subscription", "s");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        var spec = _api.Resource("triggers", "handle")["spec"]!;
        spec["source"]!["topic"]!.ToJsonString().ShouldBe("""{"topics":["a","b"],"pattern":null,"subscription":"s","type":"exclusive","from":"earliest"}""");
        spec["batch"]!.ToJsonString().ShouldBe("""{"maxMessages":10,"maxBytes":"1MB","maxWait":"1s"}""");
        (spec["concurrency"]!.GetValue<int>(), spec["retry"]!["attempts"]!.GetValue<int>(), (string?)spec["deadLetter"], (string?)spec["output"], (string?)spec["ackTimeout"]).ShouldBe((2, 9, "none", "out", "5s"));
    }

    [Theory]
    [InlineData("name: a\ntopic: t\n", "'function' is missing")]
    [InlineData("name: a\ntopic: t\ntopics: [u]\nfunction: f\n", "mean the same")]
    [InlineData("name: a\ntopic: t\nfunction: f\ntype: sheared\n", "'sheared' is not shared, key_shared, failover or exclusive")]
    [InlineData("name: a\ntopic: t\nfunction: f\nconcurency: 3\n", "'concurency' is no known key. Did you mean 'concurrency'?")]
    [InlineData("name: a\ntopic: t\nfunction: f\nbatch: { maxMessages: 0 }\n", "'0' is not a whole number from 1 on")]
    public async Task A_mistake_is_named_with_its_line(string text, string message)
    {
        _folder.Write("trigger.yaml", text);

        var run = await RunAsync("trigger", "create", "-f", "trigger.yaml");

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
        run.Error.ShouldContain("trigger.yaml:");
        _api.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_consumed_and_called_must_be_said()
    {
        (await RunAsync("trigger", "create", "a", "--function", "f")).Error.ShouldContain("--topic");
        (await RunAsync("trigger", "create", "a", "--topic", "t")).Error.ShouldContain("--function");
        _api.Writes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Triggers_are_shown_and_deleted()
    {
        await ApplyAsync(All);

        (await RunAsync("trigger", "list")).Out.ShouldContain("orders");
        (await RunAsync("trigger", "get", "orders")).Out.ShouldContain("handle:live");
        (await RunAsync("trigger", "delete", "orders")).Code.ShouldBe(ExitCode.Ok);
        _api.Names("triggers").ShouldBeEmpty();
    }

    private Task<CliRun> ApplyAsync(string text)
    {
        _folder.Write("virga.yaml", text);
        return RunAsync("apply");
    }

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);
}
