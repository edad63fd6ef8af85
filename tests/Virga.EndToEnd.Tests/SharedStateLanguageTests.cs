using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Shared state, calls and messages, through a whole node: the same in Python, in its three ways of running handlers, and in C#.</summary>
public sealed class SharedStateLanguageTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    private const string Expected =
        """
        [null,{"a":[1]},"text",4096,{"b":2},"state-condition-failed","state-kind-mismatch",5,3,{"size":2,"added":2,"removed":0},true,["x"],"low",2,7,true,["two","three"],2,[2,true],["x",2],[1,3],["counter","log"],"changed",true,null]
        """;

    private const string PythonBody =
        """
            state, key = ctx.state, event.query["key"]
            results = [@state.get(key)]
            first = @state.put(key, {"a": [1]})
            results.append(@state.get(key))
            @state.put(key, "text")
            results.append(@state.get(key))
            @state.put(key, bytes(4096))
            results.append(len(@state.get(key)))
            @state.put(key, {"b": 2}, if_version=(@state.get_versioned(key)).version)
            results.append((@state.get_many([key, key + "/none"]))[key])
            for attempt in (lambda: state.put(key, 1, if_version=first), lambda: state.counter(key).increment()):
                try:
                    @attempt()
                except PlatformError as error:
                    results.append(error.type)
            results.append(@state.counter(key + "/counter").increment(5))
            results.append(@state.counter(key + "/counter").decrement(2))
            letters = state.set(key + "/set")
            results.append(@letters.add("x", "y"))
            results.append(@letters.has("y"))
            @letters.remove("y")
            results.append(@letters.values())
            ranks = state.ordered_set(key + "/ranks")
            @ranks.add_all({"high": 2, "low": 1})
            results.append((@ranks.range(0, 0))[0].member)
            fields = state.map(key + "/map")
            @fields.put("f", 1)
            @fields.update("g", {"counter": {"increment": 2}})
            results.append((@fields.entries())["g"])
            results.append(@state.max(key + "/max").put(7))
            @state.flag(key + "/flag").set()
            results.append(@state.flag(key + "/flag").get())
            log = state.log(key + "/log", keep=2)
            @log.append("one", "two", "three")
            results.append(@log.last())
            seen = state.hyper_log_log(key + "/seen", precision=12)
            @seen.add("a", "b", "a")
            results.append(@seen.count())
            both = state.theta(key + "/both")
            @both.add("a", "b", "c")
            @state.theta(key + "/other").add("b", "c", "d")
            found = state.bloom(key + "/bloom", capacity=1000)
            @found.add("a")
            results.append([(@both.intersection(@state.theta(key + "/other").sketch()))["estimate"], @found.has("a")])
            pages = state.top_k(key + "/top")
            @pages.add("x", "y", "x")
            results.append([(@pages.top(1))[0]["value"], (@pages.count("x"))["count"]])
            times = state.quantiles(key + "/times")
            @times.add(1, 2, 3)
            @state.count_min(key + "/often").increment("a", 3)
            @state.reservoir(key + "/sample").add("only")
            results.append([len(@state.reservoir(key + "/sample").sample()), @times.quantile(1)])
            results.append([entry.kind async for entry in state.list(key + "/") if entry.key.endswith(("counter", "log"))])
            changes = state.watch(key + "/w")
            @state.put(key + "/watched", "changed")
            results.append((@next(changes)).value)
            results.append(@state.delete(key))
            results.append(@state.get(key))
            return results
        """;

    private const string CSharpExercise =
        """
        using System.Text.Json;

        public static class Exercise
        {
            public static async Task<object> Handler(Event request, Context context)
            {
                SharedState state = context.State;
                string key = request.Query["key"]!;
                var results = new List<object?> { await state.GetAsync<object>(key) };
                StateVersion first = await state.PutAsync(key, new { A = new[] { 1 } });
                results.Add(await state.GetAsync<JsonElement>(key));
                await state.PutAsync(key, "text");
                results.Add(await state.GetTextAsync(key));
                await state.PutAsync(key, new byte[4096]);
                results.Add((await state.GetBytesAsync(key))!.Value.Length);
                await state.PutAsync(key, new { B = 2 }, ifVersion: (await state.GetVersionedAsync<byte[]>(key))!.Version);
                results.Add((await state.GetManyAsync<JsonElement>([key, key + "/none"]))[key]);
                foreach (Func<Task> attempt in new Func<Task>[] { () => state.PutAsync(key, 1, ifVersion: first).AsTask(), () => state.Counter(key).IncrementAsync().AsTask() })
                {
                    try
                    {
                        await attempt();
                    }
                    catch (PlatformException error)
                    {
                        results.Add(error.Type);
                    }
                }

                results.Add(await state.Counter(key + "/counter").IncrementAsync(5));
                results.Add(await state.Counter(key + "/counter").DecrementAsync(2));
                var letters = state.Set<string>(key + "/set");
                results.Add(await letters.AddAsync(["x", "y"]));
                results.Add(await letters.HasAsync("y"));
                await letters.RemoveAsync("y");
                results.Add(await letters.ValuesAsync());
                var ranks = state.OrderedSet<string>(key + "/ranks");
                await ranks.AddAsync([new("high", 2), new("low", 1)]);
                results.Add((await ranks.RangeAsync(0, 0))[0].Member);
                var fields = state.Map<int>(key + "/map");
                await fields.PutAsync("f", 1);
                await fields.UpdateAsync("g", new { counter = new { increment = 2 } });
                results.Add((await fields.EntriesAsync())["g"]);
                results.Add(await state.Max(key + "/max").PutAsync(7));
                await state.Flag(key + "/flag").SetAsync();
                results.Add(await state.Flag(key + "/flag").GetAsync());
                var log = state.Log<string>(key + "/log", keep: 2);
                await log.AppendAsync(["one", "two", "three"]);
                results.Add(await log.LastAsync());
                var seen = state.HyperLogLog<string>(key + "/seen", precision: 12);
                await seen.AddAsync(["a", "b", "a"]);
                results.Add(await seen.CountAsync());
                var both = state.Theta<string>(key + "/both");
                await both.AddAsync(["a", "b", "c"]);
                await state.Theta<string>(key + "/other").AddAsync(["b", "c", "d"]);
                var found = state.Bloom<string>(key + "/bloom", capacity: 1000);
                await found.AddAsync("a");
                results.Add(new object[] { (await both.IntersectionAsync([await state.Theta<string>(key + "/other").SketchAsync()])).Estimate, await found.HasAsync("a") });
                var pages = state.TopK<string>(key + "/top");
                await pages.AddAsync(["x", "y", "x"]);
                results.Add(new object[] { (await pages.TopAsync(1))[0].Value, (await pages.CountAsync("x")).Count });
                var times = state.Quantiles(key + "/times");
                await times.AddAsync([1, 2, 3]);
                await state.CountMin<string>(key + "/often").IncrementAsync("a", 3);
                await state.Reservoir<string>(key + "/sample").AddAsync("only");
                results.Add(new object?[] { (await state.Reservoir<string>(key + "/sample").SampleAsync()).Count, await times.QuantileAsync(1) });
                var kinds = new List<string>();
                await foreach (var entry in state.ListAsync(key + "/"))
                {
                    if (entry.Key.EndsWith("counter") || entry.Key.EndsWith("log")) { kinds.Add(entry.Kind); }
                }

                results.Add(kinds);
                var changes = state.WatchAsync(key + "/w");
                await changes.Ready;
                await state.PutAsync(key + "/watched", "changed");
                await foreach (var change in changes)
                {
                    results.Add(change.Value<string>());
                    break;
                }

                results.Add(await state.DeleteAsync(key));
                results.Add(await state.GetAsync<object>(key));
                return results;
            }
        }
        """;

    [Theory]
    [InlineData("def", 1)]
    [InlineData("def", 4)]
    [InlineData("async def", 4)]
    public async Task A_Python_function_uses_every_kind_of_state(string mode, int concurrency)
    {
        var name = $"state-python-{mode[0]}{concurrency}";
        await node.DeployAsync(name, Source.Python("from virga import PlatformError\n" + Python(mode, PythonBody)), new { concurrency });

        (await node.GetAsync($"/f/{name}?key={name}")).Body.ShouldBe(Expected);
    }

    [Fact]
    public async Task A_C_sharp_function_uses_every_kind_of_state()
    {
        await node.DeployAsync("state-csharp", Source.CSharp(CSharpExercise));

        (await node.GetAsync("/f/state-csharp?key=csharp")).Body.ShouldBe(Expected);
    }

    [Fact]
    public async Task Functions_of_different_languages_see_the_same_state()
    {
        await node.DeployAsync("count-python", Source.Python("def handler(event, ctx):\n    ctx.state.put('last', {'by': 'python', 'blob': 'x' * 10000})\n    return ctx.state.counter('visits').increment()\n"));
        await node.DeployAsync("count-csharp", Source.CSharp(
            """
            public static class Counting
            {
                public static async Task<object> Handler(Context context)
                {
                    var last = await context.State.GetAsync<Last>("last");
                    return new { last!.By, last.Blob.Length, count = await context.State.Counter("visits").IncrementAsync() };
                }

                public sealed record Last(string By, string Blob);
            }
            """));
        await node.DeployAsync("count-node", Source.JavaScript("export default async (event, ctx) => [(await ctx.state.get('last')).by, await ctx.state.counter('visits').increment()];"));

        (await node.GetAsync("/f/count-python")).Body.ShouldBe("1");
        (await node.GetAsync("/f/count-csharp")).Body.ShouldBe("""{"by":"python","length":10000,"count":2}""");
        (await node.GetAsync("/f/count-node")).Body.ShouldBe("""["python",3]""");

        // The second time the large value is in the instance already.
        (await node.GetAsync("/f/count-csharp")).Body.ShouldBe("""{"by":"python","length":10000,"count":4}""");
    }

    [Theory]
    [InlineData("def", 1)]
    [InlineData("async def", 4)]
    public async Task Python_calls_C_sharp_with_a_value_by_its_key_and_learns_of_its_failure(string mode, int concurrency)
    {
        var name = $"caller-python-{concurrency}";
        await node.DeployAsync("weigh-csharp", Source.CSharp(
            """
            public static class Weighing
            {
                public static object Handler(Load load) => load.Stones.Length > 0 ? load.Stones.Sum() * load.Times : Response.Json(new { error = "nothing to weigh" }, status: 422);

                public sealed record Load(int[] Stones, int Times);
            }
            """));
        await node.DeployAsync(
            name,
            Source.Python(
                "from virga import FunctionFailed\n" + Python(
                    mode,
                    """
                        @ctx.state.put("stones", [1, 2, 3])
                        sums = [@ctx.call("weigh-csharp", {"stones": ctx.ref("stones"), "times": times}) for times in (1, 10)]
                        try:
                            @ctx.call("weigh-csharp:live", {"stones": [], "times": 1})
                        except FunctionFailed as failure:
                            return [*sums, failure.status, failure.body["error"]]
                    """)),
            new { concurrency });

        (await node.GetAsync("/f/" + name)).Body.ShouldBe("""[6,60,422,"nothing to weigh"]""");
    }

    [Fact]
    public async Task C_sharp_starts_Python_functions_that_send_it_messages()
    {
        await node.DeployAsync("pong-python", Source.Python("def handler(event, ctx):\n    return [ctx.send(event.body['to'], {'n': event.body['n']}), ctx.id != event.body['to']]\n"), new { concurrency = 4 });
        await node.DeployAsync("ping-csharp", Source.CSharp(
            """
            using System.Text.Json;

            public static class Pinging
            {
                public static async Task<object> Handler(Context context)
                {
                    var started = Enumerable.Range(1, 3).Select(n => context.Start<JsonElement>("pong-python", new { to = context.Id, n })).ToArray();
                    int sum = 0;
                    for (int received = 0; received < 3;)
                    {
                        foreach (var message in await context.ReceiveAsync(TimeSpan.FromSeconds(20)))
                        {
                            received++;
                            sum += message.Value<Pong>()!.N;
                        }
                    }

                    var answers = await Task.WhenAll(started);
                    return new { sum, sent = answers.All(answer => answer[0].GetString() == "delivered" && answer[1].GetBoolean()) };
                }

                public sealed record Pong(int N);
            }
            """));

        (await node.GetAsync("/f/ping-csharp")).Body.ShouldBe("""{"sum":6,"sent":true}""");
    }

    private static string Python(string mode, string body)
    {
        var isAsync = mode != "def";
        var lines = body
            .Replace("@next(", isAsync ? "await anext(" : "next(", StringComparison.Ordinal)
            .Replace("@", isAsync ? "await " : string.Empty, StringComparison.Ordinal);
        return $"{mode} handler(event, ctx):\n{(isAsync ? lines : lines.Replace(" async for ", " for ", StringComparison.Ordinal))}\n";
    }
}
