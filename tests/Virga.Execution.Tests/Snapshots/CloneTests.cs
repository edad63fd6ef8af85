using System.Text.Json;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Sandboxes;
using Virga.Execution.Snapshots;

namespace Virga.Execution.Tests.Snapshots;

/// <summary>Clones of one snapshot, in real sandboxes.</summary>
public sealed class CloneTests(SnapshotFixture snapshots) : IClassFixture<SnapshotFixture>
{
    private const string PythonSource =
        """
        import os, random, secrets, ssl, time, uuid
        from virga import on_restore
        initialised = time.time()
        calls = hooks = 0

        @on_restore
        def connect():
            global hooks
            hooks += 1

        def handler(event, ctx):
            global calls
            calls += 1
            return {"calls": calls, "hooks": hooks, "initialised": initialised, "time": time.time(), "tmp": os.listdir("/tmp"), "random": [
                random.random(), random.getrandbits(64), str(uuid.uuid4()), secrets.token_hex(), os.urandom(8).hex(), ssl.RAND_bytes(16).hex()]}
        """;

    private const string NodeSource =
        """
        import crypto from 'node:crypto';
        const { random } = Math;
        crypto.randomUUID();
        crypto.randomInt(2 ** 40);
        const initialised = Date.now() / 1000;
        let calls = 0, hooks = 0;
        virga.onRestore(async () => { hooks++; });
        export default async () => ({
          calls: ++calls, hooks, initialised, time: Date.now() / 1000, tmp: [],
          random: [
            random(), Math.random(), crypto.randomUUID(), crypto.randomInt(2 ** 40), crypto.randomBytes(16).toString('hex'),
            Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(16))).toString('hex'), globalThis.crypto.randomUUID(),
            crypto.generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x,
            Buffer.from((await globalThis.crypto.subtle.exportKey('raw', await globalThis.crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])))).toString('hex'),
          ],
        });
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("main.py", PythonSource)]
    [InlineData("index.mjs", NodeSource)]
    public async Task Clones_keep_what_was_initialised_and_share_nothing_that_is_random(string file, string source)
    {
        EnvironmentSpec environment = file == "main.py" ? snapshots.Python : snapshots.Node;
        Assert.SkipUnless(File.Exists(environment.Command[0]), $"{environment.Command[0]} is not installed");
        SnapshotStore store = snapshots.Open();
        FunctionVersion function = snapshots.Function(file, source);
        Snapshot snapshot = await snapshots.TakeAsync(store, function, environment);

        await using Instance first = await snapshots.RestoreAsync(store, snapshot, function, environment);
        await using Instance second = await snapshots.RestoreAsync(store, snapshot, function, environment);
        JsonElement[] answers = [await snapshots.CallAsync(first, function), await snapshots.CallAsync(second, function), await snapshots.CallAsync(first, function)];

        answers.Select(answer => answer.GetProperty("calls").GetInt32()).ShouldBe([1, 1, 2]);
        answers.ShouldAllBe(answer => answer.GetProperty("hooks").GetInt32() == 1);
        answers.Select(answer => answer.GetProperty("initialised").GetDouble()).Distinct().Count().ShouldBe(1);
        double now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        answers.ShouldAllBe(answer => Math.Abs(answer.GetProperty("time").GetDouble() - now) < 30);
        List<string> drawn = [.. answers.SelectMany(answer => answer.GetProperty("random").EnumerateArray()).Select(value => value.GetRawText())];
        drawn.Distinct().Count().ShouldBe(drawn.Count, string.Join('\n', drawn));
    }

    [Fact]
    public async Task A_clone_continues_in_a_sandbox_that_was_made_ahead_and_has_the_limits_of_its_function()
    {
        SnapshotStore store = snapshots.Open();
        FunctionVersion function = snapshots.Function("main.py", "def handler(e, c): return open('/code/main.py').read()[:3]", spec => spec with { Memory = ByteSize.FromMegabytes(300) });
        Snapshot snapshot = await snapshots.TakeAsync(store, function, snapshots.Python);
        await using PreparedSandbox prepared = await snapshots.Host.Gvisor.PrepareAsync(snapshots.Spec(snapshots.Python), Cancellation);
        await prepared.ParkAsync(Cancellation);

        SandboxProcess process = store.Restore(snapshot, prepared, function.Spec, snapshots.PackageOf(function));
        await using Instance clone = await snapshots.ContinueAsync(process, function);

        (await snapshots.CallAsync(clone, function)).GetString().ShouldBe("def");
        store.Counters.Restored.ShouldBe(1);
        process.CpuTime().ShouldBeGreaterThan(TimeSpan.Zero);
        clone.ResidentBytes.ShouldBeInRange(1 << 20, process.Spec.LimitsWith(function.Spec.Memory.Bytes, 1).MemoryBytes);
    }

    [Fact]
    public async Task A_prepared_sandbox_that_is_not_used_leaves_nothing()
    {
        snapshots.Open();
        SandboxSpec spec = snapshots.Spec(snapshots.Python);
        PreparedSandbox prepared = await snapshots.Host.Gvisor.PrepareAsync(spec, Cancellation);

        await prepared.DisposeAsync();

        Directory.Exists(spec.ScratchDirectory).ShouldBeFalse();
        Sandboxes.Machine.ProcessesMentioning(spec.ScratchDirectory).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_clone_goes_on_after_it_was_frozen()
    {
        SnapshotStore store = snapshots.Open();
        FunctionVersion function = snapshots.Function("main.py", "def handler(e, c): return 1");
        Snapshot snapshot = await snapshots.TakeAsync(store, function, snapshots.Python);
        SandboxProcess process = await store.RestoreAsync(snapshot, snapshots.Spec(snapshots.Python), function.Spec, snapshots.PackageOf(function), Cancellation);
        Assert.SkipUnless(process.CanFreeze, "needs the freezer");
        await using Instance clone = await snapshots.ContinueAsync(process, function);

        (await process.FreezeAsync(pushOutMemory: true, Cancellation)).ShouldBeTrue();
        TimeSpan frozen = process.CpuTime();
        process.CpuTime().ShouldBe(frozen);
        process.Thaw();

        (await snapshots.CallAsync(clone, function)).GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task A_hook_that_fails_fails_the_start_with_its_error()
    {
        SnapshotStore store = snapshots.Open();
        FunctionVersion function = snapshots.Function("main.py", "from virga import on_restore\n@on_restore\ndef connect(): raise OSError('no connection')\ndef handler(e, c): pass");
        Snapshot snapshot = await snapshots.TakeAsync(store, function, snapshots.Python);

        var failure = await Should.ThrowAsync<ProblemException>(() => snapshots.RestoreAsync(store, snapshot, function, snapshots.Python));

        failure.Problem.Slug.ShouldBe("load-failed");
        failure.Problem.Detail.ShouldBe("main.py:3: OSError: no connection");
    }

    [Fact]
    public async Task A_function_that_keeps_no_snapshot_is_not_told_to_expect_clones()
    {
        snapshots.Open();
        FunctionVersion function = snapshots.Function("main.py", "def handler(e, c): return 1", spec => spec with { KeepWarm = new KeepWarm { Snapshot = Duration.FromSeconds(0) } });
        var (instance, _) = await snapshots.StartAsync(function, snapshots.Python);
        await using Instance ended = instance;

        instance.MayBecomeSnapshot.ShouldBeFalse();
        (await snapshots.CallAsync(instance, function)).GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task A_node_worker_without_a_generator_outside_of_its_memory_does_not_become_a_snapshot()
    {
        Assert.SkipUnless(File.Exists(snapshots.Node.Command[0]), "node is not installed");
        snapshots.Open();
        EnvironmentSpec plain = snapshots.Node with { Command = [snapshots.Node.Command[0], snapshots.Node.Command[^1]] };
        var (instance, _) = await snapshots.StartAsync(snapshots.Function("index.mjs", "export default () => 1"), plain);
        await using Instance ended = instance;

        instance.MayBecomeSnapshot.ShouldBeFalse();
    }
}
