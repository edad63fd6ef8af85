namespace Virga.Worker.Tests;

/// <summary>Functions that ask the platform.</summary>
public sealed class StateFunctions() : CompiledFunctions(Source)
{
    private const string Source =
        """
        using System.Text.Json;

        public static class Asking
        {
            public static async Task<object?> Get(Context context) => await context.State.GetAsync<object>("k");
            public static async Task<object?> GetNumber(Context context) => await context.State.GetAsync<int?>("k");
            public static async Task<object> Length(Context context)
            {
                var bytes = await context.State.GetBytesAsync("k");
                await context.State.PutAsync("l", bytes!.Value);
                return bytes.Value.Length;
            }

            public static async Task<object> Versioned(Context context)
            {
                var found = (await context.State.GetVersionedAsync<string>("k"))!;
                var version = await context.State.PutAsync("k", "v", TimeSpan.FromSeconds(2), found.Version);
                return new { found.Value, found.Siblings, next = version.ToString(), same = version == found.Version };
            }

            public static async Task<object> Absent(Context context) => (await context.State.PutAsync("k", new { A = 1 }, ifVersion: StateVersion.None)).ToString();

            public static async Task<object> Several(Context context) => await context.State.GetManyAsync<int?>(["a", "b", "c"]);

            public static async Task<object> Views(Context context)
            {
                var state = context.State;
                var results = new List<object?>
                {
                    await state.Counter("k").IncrementAsync(),
                    await state.Counter("k").DecrementAsync(3),
                    await state.Set<string>("k").AddAsync("a"),
                    await state.Set<int>("k").RemoveAsync([1, 2]),
                    await state.GrowSet<string>("k").HasAsync("a"),
                    await state.OrderedSet<string>("k").AddAsync("a", 1.5),
                    (await state.OrderedSet<string>("k").RangeAsync(0, 1, reverse: true))[0].Member,
                    await state.OrderedSet<string>("k").ScoreAsync("b"),
                    await state.Map<int>("k").PutAsync("f", 1),
                    await state.Map<int>("k").UpdateAsync("f", new { counter = new { increment = 1 } }),
                    await state.Map<int>("k").GetAsync("f"),
                    await state.Max("k").PutAsync(5),
                    await state.Log<string>("k", keep: 9).AppendAsync("x"),
                    await state.Log<string>("k").LastAsync(2),
                    await state.Set<string>("k").SizeAsync(),
                    await state.HyperLogLog<string>("k", precision: 12).AddAsync(["a", "b"]),
                    await state.HyperLogLog<string>("k").EstimateAsync(),
                    await state.Theta<int>("k").MergeAsync(["AA==", null]),
                    await state.Theta<int>("k").IntersectionAsync(["AA=="]),
                    await state.CountMin<string>("k", error: 0.01).IncrementAsync("a", 3),
                    await state.CountMin<string>("k").CountAsync("a"),
                    (await state.TopK<string>("k").TopAsync(1))[0].Value,
                    (await state.TopK<string>("k").CountAsync("a")).Value,
                    await state.Quantiles("k").AddAsync(2.5),
                    await state.Quantiles("k").QuantileAsync(0.5),
                    await state.Bloom<string>("k", falsePositives: 0.1).AddAsync("a"),
                    await state.Bloom<string>("k").HasAsync("a"),
                    await state.Reservoir<string>("k").AddWeightedAsync("a", 0.5),
                    await state.Reservoir<string>("k").SampleAsync(),
                };
                await state.Flag("k").SetAsync();
                results.Add(await state.DeleteAsync("k"));
                return results;
            }

            public static async Task<object> Caught(Context context)
            {
                try { await context.State.GetAsync<int>("k"); return "nothing"; }
                catch (PlatformException e) { return new { e.Type, e.Status, e.Detail, e.Fix, e.Message }; }
            }

            public static Task Huge(Context context) => context.State.PutAsync("k", new byte[16 * 1024 * 1024 + 1]).AsTask();

            public static async Task<object> Lists(Context context)
            {
                var keys = new List<string>();
                await foreach (var entry in context.State.ListAsync("p/")) { keys.Add(entry.Key + ":" + entry.Kind); }
                return keys;
            }

            public static async Task<object> Watches(Context context)
            {
                var seen = new List<string>();
                await foreach (var change in context.State.WatchAsync("p/"))
                {
                    seen.Add(change.Key + ":" + (change.IsDeleted ? "gone" : change.Value<int>()));
                    if (seen.Count == 2) { break; }
                }

                return seen;
            }

            public static async Task<object> Gathers(Context context)
            {
                var both = await Task.WhenAll(context.State.GetAsync<int>("a").AsTask(), context.State.GetAsync<int>("b").AsTask());
                return both;
            }

            public static object Blocks(Context context) => context.State.GetAsync<int>("k").AsTask().Result + context.State.GetAsync<int>("k").GetAwaiter().GetResult();

            public static async Task<object> Floods(Context context)
            {
                var all = Enumerable.Range(0, 600).Select(_ => context.State.Counter("k").IncrementAsync().AsTask()).ToArray();
                return (await Task.WhenAll(all)).Sum();
            }

            static Context? kept;
            public static async Task<object> Late(Context context)
            {
                if (kept is null) { kept = context; return 1; }
                return (await kept.State.GetAsync<int>("k"));
            }

            public static async Task<object?> Calls(Context context) =>
                await context.CallAsync<JsonElement>("g:live", new { model = StateReference.To("models/7"), n = 1 });

            public static async Task<object> Fails(Context context)
            {
                try { return (await context.CallAsync("g")).Text; }
                catch (FunctionFailedException e) { return new { e.Status, e.Type, e.Detail, said = e.Answer!.Text }; }
            }

            public static async Task<object> Starts(Context context)
            {
                var a = context.Start<string>("a", "text");
                var b = context.Start<int>("b");
                return new object?[] { await a, await b };
            }

            public static async Task<object> Messages(Context context)
            {
                var direct = await context.SendAsync("n2.x", new { A = 1 });
                var received = await context.ReceiveAsync(TimeSpan.Zero, most: 10);
                return new object?[] { context.Id, direct.ToString(), received.Select(message => message.Sender + "=" + message.Value<string>()) };
            }

            public static async Task<object> GivesUp(Context context)
            {
                using var patience = new CancellationTokenSource(10);
                try { await context.ReceiveAsync(cancellationToken: patience.Token); return "got"; }
                catch (OperationCanceledException) { return "late"; }
            }

            public static object? Body(Event request) => request.Body;
        }
        """;
}
