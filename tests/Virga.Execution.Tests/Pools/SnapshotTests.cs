using Virga.Core.Invocations;
using Virga.Core.Resources;
using Virga.Execution.Processes;
using Virga.Execution.Tests.Sandboxes;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Pools;

public sealed class SnapshotTests : IAsyncLifetime
{
    // How often the module was initialised is seen by its prints; what a clone draws shows whether it is one of its own.
    private const string Source =
        "import random, uuid\nprint('initialised', flush=True)\ncalls = 0\ndef handler(event, ctx):\n    global calls\n    calls += 1\n    return [calls, random.random(), str(uuid.uuid4())]\n";

    private readonly string _snapshots = Directory.CreateTempSubdirectory("virga-snapshots-").FullName;
    private TestNode _node = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await TestNode.StartAsync(options => options with { SnapshotDirectory = _snapshots, ScaleInterval = TimeSpan.FromMilliseconds(50) });
        Assert.SkipWhen(_node.Engine.GvisorMissing is not null, _node.Engine.GvisorMissing ?? "");
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        Directory.Delete(_snapshots, recursive: true);
    }

    [Fact]
    public async Task After_the_first_start_further_instances_are_clones_that_need_no_initialisation()
    {
        var function = await CalledAndSnapshottedAsync();
        var initialisations = Initialisations(function);
        initialisations.ShouldBeGreaterThanOrEqualTo(2, "once for the first call and once for the snapshot");

        await using var clone = await _node.InvokeAsync(function);

        clone.Status.ShouldBe(200);
        clone.Timing.Kind.ShouldBe(StartKind.Restored);
        Text(clone).ShouldStartWith("[1,", Case.Sensitive, "a clone continues from before the first call");
        _node.Engine.Scheduler.Snapshots!.Counters.Restored.ShouldBe(1);
        Initialisations(function).ShouldBe(initialisations);
        _node.Residency.ShouldContain(r => r.Function == function && r.Tier == InstanceTier.Warm);
    }

    [Fact]
    public async Task Clones_that_serve_side_by_side_draw_different_random_numbers()
    {
        var function = await CalledAndSnapshottedAsync(spec => spec with { MaxInstances = 3, MaxCallsPerInstance = 1 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => _node.CallAsync(function)));

        answers.ShouldAllBe(answer => answer.Status == 200);
        answers.Select(answer => answer.Body).Distinct(StringComparer.Ordinal).Count().ShouldBe(3);
        _node.Engine.Scheduler.Snapshots!.Counters.Restored.ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task A_damaged_snapshot_falls_back_to_a_cold_start_and_is_counted()
    {
        var function = await CalledAndSnapshottedAsync();
        var image = new DirectoryInfo(_snapshots).EnumerateFiles("*", SearchOption.AllDirectories).MaxBy(file => file.Length)!;
        using (var file = image.OpenWrite())
        {
            file.SetLength(file.Length / 2);
        }

        (await _node.CallAsync(function)).Status.ShouldBe(200);

        _node.Engine.Scheduler.Snapshots!.Counters.Invalid.ShouldBe(1);
    }

    [Fact]
    public async Task A_sandbox_that_dies_before_a_snapshot_continues_in_it_is_made_again()
    {
        var function = await CalledAndSnapshottedAsync();
        foreach (var process in Machine.CgroupsOf(_node.Id).SelectMany(Machine.ProcessesIn).Distinct().ToList())
        {
            Libc.Kill(process, Libc.SignalKill);
        }

        (await _node.CallAsync(function)).Status.ShouldBe(200);
        (await _node.CallAsync(function)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task An_instance_that_dies_while_it_is_restored_falls_back_to_a_cold_start()
    {
        // Its hook runs in the clone only.
        var function = await CalledAndSnapshottedAsync(source: "import os\nfrom virga import on_restore\non_restore(lambda: os.kill(os.getpid(), 9))\ndef handler(event, ctx):\n    return 'here'\n");

        (await _node.CallAsync(function)).ShouldBe((200, "\"here\""));
    }

    [Fact]
    public async Task A_burst_of_first_calls_takes_one_snapshot()
    {
        var function = _node.Python(Source, spec => spec with { Isolation = Isolation.Gvisor, MaxInstances = 3 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => _node.CallAsync(function)));

        answers.ShouldAllBe(answer => answer.Status == 200);
        await _node.UntilAsync(() => _node.Engine.Scheduler.HasSnapshot(function));
        Initialisations(function).ShouldBeLessThanOrEqualTo(4);
        _node.Engine.Scheduler.Snapshots!.Counters.Taken.ShouldBe(1);
    }

    [Fact]
    public async Task A_node_that_stops_does_not_wait_for_an_instance_that_was_to_become_a_snapshot()
    {
        var node = await TestNode.StartAsync(options => options with { SnapshotDirectory = Path.Combine(_snapshots, "stops") });
        await using (node)
        {
            var function = node.Python("import time\nprint('begins', flush=True)\ntime.sleep(3)\nprint('ends', flush=True)\ndef handler(event, ctx):\n    return 1\n", spec => spec with { Isolation = Isolation.Gvisor });
            (await node.CallAsync(function)).Status.ShouldBe(200);
            await node.UntilAsync(() => node.Lines.Count(line => line.Message == "begins") == 2);
        }

        node.Lines.Count(line => line.Message == "ends").ShouldBe(1);
    }

    [Fact]
    public async Task A_function_that_keeps_no_snapshots_has_none()
    {
        var function = _node.Python(Source, spec => spec with { Isolation = Isolation.Gvisor, KeepWarm = new KeepWarm { Snapshot = Duration.FromSeconds(0) } });

        (await _node.CallAsync(function)).Status.ShouldBe(200);

        _node.Engine.Scheduler.HasSnapshot(function).ShouldBeFalse();
        Directory.EnumerateFileSystemEntries(_snapshots).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_function_with_a_network_has_none_because_connections_would_not_survive()
    {
        Assert.SkipWhen(_node.Engine.InternetMissing is not null, _node.Engine.InternetMissing ?? "");
        const string Interfaces = "import socket\ndef handler(event, ctx):\n    return sorted(name for _, name in socket.if_nameindex())\n";
        var function = _node.Python(Interfaces, spec => spec with { Isolation = Isolation.Gvisor, Egress = EgressPolicy.Internet });

        var answer = await _node.CallAsync(function);

        answer.Status.ShouldBe(200);
        answer.Body.ShouldBe("[\"eth0\",\"lo\"]");
        _node.Engine.Scheduler.HasSnapshot(function).ShouldBeFalse();
        Directory.EnumerateFileSystemEntries(_snapshots).ShouldBeEmpty();
    }

    // A function whose first instance is gone again and whose snapshot is on disk.
    private async Task<FunctionVersion> CalledAndSnapshottedAsync(Func<FunctionSpec, FunctionSpec>? change = null, string source = Source)
    {
        var function = _node.Python(source, spec => (change?.Invoke(spec) ?? spec) with
        {
            Isolation = Isolation.Gvisor,
            KeepWarm = new KeepWarm { Idle = Duration.FromSeconds(0), Frozen = Duration.FromSeconds(0) },
        });
        (await _node.CallAsync(function)).Status.ShouldBe(200);
        await _node.UntilAsync(() => _node.Engine.Scheduler.HasSnapshot(function));
        await _node.UntilAsync(() => _node.Engine.Scheduler.StatusOf(function) is null);
        return function;
    }

    private int Initialisations(FunctionVersion function) => _node.Lines.Count(line => line.Function == function && line.Message == "initialised");

    private static string Text(InvocationResult result) => System.Text.Encoding.UTF8.GetString(result.Body.Span);
}
