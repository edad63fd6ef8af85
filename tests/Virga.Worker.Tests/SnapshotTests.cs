using System.Security.Cryptography;
using System.Text.Json;

namespace Virga.Worker.Tests;

/// <summary>Continuing as a clone of a snapshot.</summary>
public sealed class SnapshotTests(CompiledFunctions functions) : IClassFixture<CompiledFunctions>
{
    private const byte Restore = 0x05;
    private const byte Restored = 0x06;
    private const string Source =
        """
        public static class Hello
        {
            static readonly List<string> Seen = [];

            static readonly Random Kept = Random.Shared;

            static Hello()
            {
                Snapshot.OnRestore(() => Seen.Add("first"));
                Snapshot.OnRestore(async () => { await Task.Yield(); Seen.Add("second"); });
                Snapshot.OnRestore(() => { if (Environment.GetEnvironmentVariable("FAIL") is not null) throw new TimeoutException("no connection"); });
                Kept.Next();
            }

            public static object Handler() => Seen;

            public static object Fails() { Environment.SetEnvironmentVariable("FAIL", "1"); return 1; }

            // Whether the thread that loads and calls functions has a generator that it had before.
            public static object HasGenerator() => typeof(Random).GetNestedType("ThreadSafeRandom", System.Reflection.BindingFlags.NonPublic)!
                .GetField("t_random", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetValue(null) is not null;
        }
        """;

    [Fact]
    public async Task Hooks_run_in_their_order_before_the_answer()
    {
        await using RunningWorker worker = await StartAsync("Handler");
        (await AnswerAsync(worker)).ShouldBe("[]");

        (await RestoreAsync(worker)).Header.ToString().ShouldBe("""{"ok":true}""");

        (await AnswerAsync(worker)).ShouldBe("""["first","second"]""");
    }

    [Fact]
    public async Task Random_numbers_come_from_a_new_generator()
    {
        await using RunningWorker worker = await StartAsync("HasGenerator");
        (await AnswerAsync(worker)).ShouldBe("true");

        await RestoreAsync(worker);

        (await AnswerAsync(worker)).ShouldBe("false");
    }

    [Fact]
    public async Task A_hook_that_fails_is_told_with_its_error()
    {
        await using RunningWorker worker = await StartAsync("Fails");
        (await AnswerAsync(worker)).ShouldBe("1");

        JsonElement answer = (await RestoreAsync(worker)).Header;

        answer.GetProperty("ok").GetBoolean().ShouldBeFalse();
        answer.GetProperty("error").GetProperty("type").GetString().ShouldBe("System.TimeoutException");
        answer.GetProperty("error").GetProperty("message").GetString().ShouldBe("no connection");
    }

    [Fact]
    public async Task A_worker_that_may_not_be_cloned_takes_a_restore_for_an_error()
    {
        await using RunningWorker worker = await StartAsync("Handler", snapshot: false);

        await SendRestoreAsync(worker);

        (await worker.ExitAsync()).ShouldBe(70);
    }

    private static async Task<string> AnswerAsync(RunningWorker worker)
    {
        await worker.CallAsync(1);
        return (await worker.ReceiveAsync()).Text;
    }

    private static async Task<RunningWorker.Reply> RestoreAsync(RunningWorker worker)
    {
        await SendRestoreAsync(worker);
        RunningWorker.Reply reply = await worker.ReceiveAsync();
        reply.Kind.ShouldBe(Restored);
        return reply;
    }

    private static Task SendRestoreAsync(RunningWorker worker) =>
        worker.SendAsync(Restore, 0, new { entropy = RandomNumberGenerator.GetBytes(32), time = 1763712000123, instance = "i7" });

    private async Task<RunningWorker> StartAsync(string handler, bool snapshot = true)
    {
        string root = $"{functions.Root}-{handler}-{snapshot}";
        JsonElement compiled = await functions.CompileAsync(Source, root);
        compiled.GetProperty("ok").GetBoolean().ShouldBeTrue(compiled.ToString());
        return await RunningWorker.StartAsync(root, "Hello:" + handler, snapshot: snapshot);
    }
}
