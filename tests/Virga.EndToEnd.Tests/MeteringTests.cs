using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>What the node has counted, held against what its clients know.</summary>
public sealed class MeteringTests : IAsyncLifetime
{
    private const string Function = "counted";
    private const int Clients = 4;

    private readonly PricedNode _node = new();
    private int _sent;
    private int _answered;

    public async ValueTask InitializeAsync()
    {
        await _node.InitializeAsync();
        await _node.DeployAsync(
            Function,
            Source.JavaScript("export default (event) => { if (event.query.fail) throw new Error('asked to'); return 'twelve chars'; };"),
            new { concurrency = 16 });
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _node.DisposeAsync();
    }

    [Fact]
    public async Task Every_answered_call_is_counted_once_though_the_node_is_killed_in_the_middle_of_traffic()
    {
        for (var i = 0; i < 30; i++)
        {
            (await _node.GetAsync($"/f/{Function}{(i % 3 == 0 ? "?fail=1" : "")}")).Status.ShouldBe(i % 3 == 0 ? 500 : 200);
        }

        var quiet = await UsageAsync();
        Number(quiet, "calls").ShouldBe(30);
        Number(quiet, "ok").ShouldBe(20);
        Number(quiet, "errors").ShouldBe(10);
        Number(quiet, "bytesOut").ShouldBe(20 * "\"twelve chars\"".Length);
        Number(quiet, "durationMs").ShouldBeGreaterThanOrEqualTo(30);
        Number(quiet, "cost").ShouldBe(30);

        var traffic = Enumerable.Range(0, Clients).Select(_ => CallUntilBrokenAsync()).ToList();
        await Eventually.HoldsAsync(() => Volatile.Read(ref _answered) >= 200);
        await _node.KillAsync();
        await Task.WhenAll(traffic);
        await _node.StartAsync();

        var counted = Number(await UsageAsync(), "calls") - 30;
        counted.ShouldBeInRange(_answered, _sent);

        await _node.GetAsync($"/f/{Function}");
        await _node.KillAsync();
        await _node.StartAsync();
        Number(await UsageAsync(), "calls").ShouldBe(30 + counted + 1);

        var csv = (await _node.RunAsync("usage", "--by", "version", "--function", Function, "--output", "csv")).ShouldSucceed().Output;
        csv.ShouldContain($"default,default,{Function},1,{31 + counted},");
        (await _node.RunAsync("usage", "--by", "hour")).ShouldSucceed().Output.ShouldContain("COST EUR");
        (await _node.RunAsync("usage", "--since", "yesterday")).ShouldFail(1, "invalid-request");
    }

    private static decimal Number(JsonNode row, string member) => row[member]!.GetValue<decimal>();

    private async Task<JsonNode> UsageAsync() => (await _node.ControlAsync($"usage?function={Function}")).Json["total"]!;

    private async Task CallUntilBrokenAsync()
    {
        try
        {
            while (true)
            {
                Interlocked.Increment(ref _sent);
                await _node.GetAsync($"/f/{Function}");
                Interlocked.Increment(ref _answered);
            }
        }
        catch (HttpRequestException)
        {
            // The node is gone, as it should be.
        }
    }
}
