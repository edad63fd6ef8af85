using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Functions that share state, call each other and exchange messages, on a real node.</summary>
public sealed class StateTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task Functions_count_on_the_same_key_and_no_increment_is_lost()
    {
        var counting = Source.JavaScript("export default (event, { state }) => state.counter('count').increment();");
        await node.DeployAsync("count-a", counting);
        await node.DeployAsync("count-b", counting);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => node.GetAsync(i % 2 == 0 ? "/f/count-a" : "/f/count-b")));

        (await node.GetAsync("/f/count-a")).Body.ShouldBe("41");
    }

    [Fact]
    public async Task A_chain_of_calls_passes_values_by_reference()
    {
        await node.DeployAsync("chain-g", Source.JavaScript("export default ({ body }) => ({ length: body.data.length, first: body.data[0] + body.add });"));
        await node.DeployAsync("chain-f", Source.JavaScript(
            """
            export default async (event, ctx) => {
              await ctx.state.put('chain-data', Array(20_000).fill(41));
              const later = ctx.callAsync('chain-g', { data: [1], add: 1 });
              return [await ctx.call('chain-g', { data: ctx.ref('chain-data'), add: 1 }), await later.get()];
            };
            """));

        (await node.GetAsync("/f/chain-f")).Body.ShouldBe("""[{"length":20000,"first":42},{"length":1,"first":2}]""");
    }

    [Fact]
    public async Task Running_functions_send_each_other_messages()
    {
        await node.DeployAsync("pong", Source.JavaScript(
            """
            export default async (event, ctx) => {
              await ctx.state.put('pong-id', ctx.id);
              const [{ from, message }] = await ctx.receive({ timeout: 20_000 });
              await ctx.send(from, message + 1);
              return 'answered';
            };
            """));
        await node.DeployAsync("ping", Source.JavaScript(
            """
            export default async (event, ctx) => {
              const pong = ctx.callAsync('pong');
              let id;
              while ((id = await ctx.state.get('pong-id')) === undefined);
              const sent = await ctx.send(id, 41);
              const [{ message }] = await ctx.receive({ timeout: 20_000 });
              return [sent, message, await pong];
            };
            """));

        (await node.GetAsync("/f/ping")).Body.ShouldBe("""["delivered",42,"answered"]""");
    }

    [Fact]
    public async Task A_function_watches_what_another_writes()
    {
        await node.DeployAsync("writes", Source.JavaScript("export default async ({ body }, { state }) => { await state.put('watched:' + body, body); };"));
        await node.DeployAsync("watches", Source.JavaScript(
            """
            export default async (event, ctx) => {
              const changes = ctx.state.watch('watched:');
              await changes.ready;
              const seen = [];
              const writing = ctx.call('writes', 'first').then(() => ctx.state.put('watched:last', 'last'));
              for await (const { key, value } of changes) {
                seen.push([key, value]);
                if (key === 'watched:last') break;
              }
              await writing;
              return seen.at(-1);
            };
            """));

        (await node.GetAsync("/f/watches")).Body.ShouldBe("""["watched:last","last"]""");
    }

    [Theory]
    [InlineData("state.get('x'.repeat(1025))", "invalid-key")]
    [InlineData("state.put('$mine', 1)", "invalid-key")]
    [InlineData("state.put('large', Buffer.alloc(17 * 1024 * 1024))", "value-too-large")]
    [InlineData("state.put('text', 'x').then(() => state.counter('text').increment())", "state-kind-mismatch")]
    [InlineData("state.update('k', { nonsense: 1 })", "invalid-update")]
    [InlineData("state.put('once', 1).then(() => state.put('once', 2, { ifAbsent: true }))", "state-condition-failed")]
    [InlineData("call('there-is-none')", "not-found")]
    [InlineData("send('nobody', 1)", "invalid-request")]
    public async Task A_wrong_request_throws_what_is_wrong(string expression, string type)
    {
        await node.DeployAsync("wrong", Source.JavaScript($"export default async (event, ctx) => {{ const {{ state }} = ctx; try {{ await ({Of(expression)}); return 'done'; }} catch (error) {{ return error.type; }} }};"));

        (await node.GetAsync("/f/wrong")).Body.ShouldBe($"\"{type}\"");

        static string Of(string expression) => expression.StartsWith("state", StringComparison.Ordinal) ? expression : "ctx." + expression;
    }

    [Fact]
    public async Task A_function_that_calls_itself_without_end_is_stopped()
    {
        await node.DeployAsync("endless", Source.JavaScript(
            "export default async (event, ctx) => { try { return (await ctx.call('endless')) + 1; } catch (error) { return error.type === 'call-too-deep' ? 0 : String(error); } };"), new { maxInstances = 20 });

        (await node.GetAsync("/f/endless")).Body.ShouldBe("16");
    }

    [Fact]
    public async Task An_unknown_consistency_is_refused_and_a_known_one_is_shown()
    {
        var source = Source.JavaScript("export default (event, { state }) => state.get('k');");

        (await node.DeployAsync("consistent", source, new { consistency = "repeatable-read" })).Json["spec"]!["consistency"]!.GetValue<string>().ShouldBe("repeatable-read");
        (await node.GetAsync("/f/consistent")).Status.ShouldBe(200);
        (await node.DeployByCommandAsync("consistent", source, "--consistency", "strict")).Code.ShouldNotBe(0);
    }

    [Fact]
    public async Task The_sample_counts_as_it_says()
    {
        (await node.RunAsync("fn", "deploy", Path.Combine(Installation.Root, "samples", "shared-counter"), "--name", "shared-counter", "--route", "POST /visits/{page}", "--route", "GET /visits")).ShouldSucceed();

        (await node.PostAsync("/visits/home?name=ann", "")).Body.ShouldBe("""{"total":1}""");
        (await node.PostAsync("/visits/about?name=bob", "")).Body.ShouldBe("""{"total":2}""");

        JsonNode.DeepEquals((await node.GetAsync("/visits")).Json, JsonNode.Parse("""{"total":2,"pages":{"about":1,"home":1},"last":["ann","bob"]}""")).ShouldBeTrue();
    }
}
