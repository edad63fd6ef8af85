using System.Diagnostics;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Sandboxes;
using Virga.Execution.Snapshots;

namespace Virga.Execution.Tests.Snapshots;

/// <summary>What becomes of snapshots on disk, and of faults on the way there and back.</summary>
public sealed class SnapshotStoreTests(SnapshotFixture snapshots) : IClassFixture<SnapshotFixture>
{
    private const string Source = "def handler(e, c): return 1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_snapshot_is_found_again_after_a_restart_of_the_node()
    {
        SnapshotStore store = Open(out string folder);
        FunctionVersion function = snapshots.Function("main.py", Source);
        Snapshot taken = await snapshots.TakeAsync(store, function, snapshots.Python);

        SnapshotStore next = snapshots.Open(folder: folder);
        Snapshot found = next.Find(next.KeyOf(function, snapshots.Python)).ShouldNotBeNull();

        found.ShouldBe(taken);
        next.MayTake(found.Key).ShouldBeFalse("there is one");
        next.Counters.ShouldBe(new SnapshotCounters(Taken: 0, Restored: 0, Invalid: 0, Failed: 0, Evicted: 0, Count: 1, Bytes: taken.Bytes));
        await using Instance clone = await snapshots.RestoreAsync(next, found, function, snapshots.Python);
        (await snapshots.CallAsync(clone, function)).GetInt32().ShouldBe(1);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("bit flipped")]
    [InlineData("file missing")]
    [InlineData("manifest damaged")]
    [InlineData("of another version")]
    public async Task A_damaged_snapshot_is_removed_and_counted_and_another_may_be_taken(string damage)
    {
        SnapshotStore store = Open(out string folder);
        FunctionVersion function = snapshots.Function("main.py", Source);
        Snapshot snapshot = await snapshots.TakeAsync(store, function, snapshots.Python);
        string pages = Path.Combine(snapshot.Directory, "pages.img");
        string manifest = Path.Combine(snapshot.Directory, SnapshotManifest.FileName);
        switch (damage)
        {
            case "truncated":
                using (FileStream file = File.OpenWrite(pages))
                {
                    file.SetLength(file.Length - 1);
                }

                break;
            case "bit flipped":
                using (FileStream file = File.Open(pages, FileMode.Open))
                {
                    file.Position = file.Length / 2;
                    int value = file.ReadByte();
                    file.Position--;
                    file.WriteByte((byte)(value ^ 1));
                }

                break;
            case "file missing":
                File.Delete(pages);
                break;
            case "manifest damaged":
                await File.WriteAllTextAsync(manifest, "{", Cancellation);
                break;
            default:
                SnapshotManifest written = SnapshotManifest.Read(snapshot.Directory).ShouldNotBeNull();
                (written with { Runtime = "another" }).Write(snapshot.Directory);
                break;
        }

        SnapshotStore next = snapshots.Open(folder: folder);

        next.Find(snapshot.Key).ShouldBeNull();
        Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
        next.Counters.Invalid.ShouldBe(1);
        next.MayTake(snapshot.Key).ShouldBeTrue();
    }

    [Fact]
    public async Task Damage_after_the_first_use_is_seen_at_the_next()
    {
        SnapshotStore store = Open(out _);
        FunctionVersion function = snapshots.Function("main.py", Source);
        Snapshot snapshot = await snapshots.TakeAsync(store, function, snapshots.Python);
        store.Find(snapshot.Key).ShouldNotBeNull();

        File.AppendAllText(Path.Combine(snapshot.Directory, "checkpoint.img"), "x");

        store.Find(snapshot.Key).ShouldBeNull();
        store.Counters.Invalid.ShouldBe(1);
    }

    [Fact]
    public async Task An_image_that_does_not_continue_is_a_snapshot_exception_and_its_sandbox_is_gone()
    {
        SnapshotStore store = Open(out _);
        FunctionVersion function = snapshots.Function("main.py", Source);
        Snapshot snapshot = await snapshots.TakeAsync(store, function, snapshots.Python);
        await File.WriteAllBytesAsync(Path.Combine(snapshot.Directory, "checkpoint.img"), new byte[4096], Cancellation);

        await Should.ThrowAsync<SnapshotException>(() => snapshots.RestoreAsync(store, snapshot, function, snapshots.Python));
        store.Invalidate(snapshot, "it did not continue");

        store.Find(snapshot.Key).ShouldBeNull();
        Directory.Exists(snapshot.Directory).ShouldBeFalse();
    }

    [Fact]
    public async Task A_process_that_ends_while_it_is_kept_leaves_nothing_and_is_not_tried_again_at_once()
    {
        var clock = new SettableTime();
        SnapshotStore store = Open(out string folder, clock);
        FunctionVersion function = snapshots.Function("main.py", Source);
        var (instance, process) = await snapshots.StartAsync(function, snapshots.Python);
        SnapshotKey key = store.KeyOf(function, snapshots.Python);
        process.Kill();
        await process.Exited;

        (await instance.LeaveAsSnapshotAsync(store, key, Cancellation)).ShouldBeNull();

        Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
        store.Counters.Failed.ShouldBe(1);
        store.MayTake(key).ShouldBeFalse();
        clock.Advance(TimeSpan.FromMinutes(2));
        store.MayTake(key).ShouldBeTrue();
    }

    [Fact]
    public async Task A_full_disk_fails_the_snapshot_and_leaves_nothing()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs to mount a small disk");
        string folder = Path.Combine(snapshots.Folder, "small");
        Directory.CreateDirectory(folder);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=1m", "virga-test", folder);
        try
        {
            SnapshotStore store = snapshots.Open(folder: folder);
            FunctionVersion function = snapshots.Function("main.py", Source);
            var (instance, process) = await snapshots.StartAsync(function, snapshots.Python);

            (await instance.LeaveAsSnapshotAsync(store, store.KeyOf(function, snapshots.Python), Cancellation)).ShouldBeNull();

            Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
            store.Counters.Failed.ShouldBe(1);
            process.Exited.IsCompleted.ShouldBeTrue("the instance ends whatever comes of it");
        }
        finally
        {
            await RunAsync("umount", folder);
        }
    }

    [Fact]
    public async Task Unused_snapshots_go_when_their_time_is_over_and_the_least_recently_used_when_space_is()
    {
        var clock = new SettableTime();
        SnapshotStore store = Open(out string folder, clock);
        FunctionVersion shortLived = snapshots.Function("main.py", Source, spec => spec with { KeepWarm = new KeepWarm { Snapshot = Duration.FromSeconds(60) } });
        FunctionVersion first = snapshots.Function("main.py", Source);
        FunctionVersion second = snapshots.Function("main.py", Source);
        Snapshot[] taken = [await snapshots.TakeAsync(store, shortLived, snapshots.Python), await snapshots.TakeAsync(store, first, snapshots.Python), await snapshots.TakeAsync(store, second, snapshots.Python)];

        clock.Advance(TimeSpan.FromSeconds(50));
        store.Find(taken[0].Key).ShouldNotBeNull();
        clock.Advance(TimeSpan.FromSeconds(50));
        store.Sweep();
        store.Find(taken[0].Key).ShouldNotBeNull("it was used 50 s ago");
        clock.Advance(TimeSpan.FromSeconds(61));
        store.Sweep();
        store.Find(taken[0].Key).ShouldBeNull();

        store.Find(taken[1].Key).ShouldNotBeNull();
        SnapshotStore smaller = snapshots.Open(clock, folder, budget: taken[1].Bytes + (taken[2].Bytes / 2));
        smaller.Sweep();
        smaller.Find(taken[2].Key).ShouldBeNull("it was not used since it was taken");
        smaller.Find(taken[1].Key).ShouldNotBeNull();
        smaller.Counters.Evicted.ShouldBe(1);
    }

    [Fact]
    public void A_key_changes_with_all_that_the_worker_sees()
    {
        SnapshotStore store = Open(out _);
        FunctionVersion function = snapshots.Function("main.py", Source);
        SnapshotKey key = store.KeyOf(function, snapshots.Python);
        FunctionVersion With(FunctionSpec spec, int version = 1, string? package = null) => new() { Name = function.Name, Version = version, Spec = spec, BuiltPackage = package ?? function.BuiltPackage };
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["A"] = "b" };

        store.KeyOf(With(function.Spec), snapshots.Python with { }).ShouldBe(key);
        SnapshotKey[] others =
        [
            store.KeyOf(With(function.Spec, package: "other"), snapshots.Python),
            store.KeyOf(With(function.Spec, version: 2), snapshots.Python),
            store.KeyOf(With(function.Spec with { Handler = "main:other" }), snapshots.Python),
            store.KeyOf(With(function.Spec with { Memory = ByteSize.FromMegabytes(64) }), snapshots.Python),
            store.KeyOf(With(function.Spec with { Concurrency = 2 }), snapshots.Python),
            store.KeyOf(With(function.Spec with { RequestBody = RequestBodyMode.Stream }), snapshots.Python),
            store.KeyOf(With(function.Spec with { Variables = variables }), snapshots.Python),
            store.KeyOf(function, snapshots.Python with { Variables = variables }),
            store.KeyOf(function, snapshots.Python with { Command = [.. snapshots.Python.Command, "-v"] }),
            store.KeyOf(function, snapshots.Node),
        ];
        others.ShouldAllBe(other => !other.Equals(key));
        others.Distinct().Count().ShouldBe(others.Length);
    }

    [Fact]
    public void A_program_that_exists_in_the_sandbox_only_is_known_by_the_files_of_its_mount()
    {
        SnapshotStore store = Open(out _);
        FunctionVersion function = snapshots.Function("main.py", Source);
        string runtime = Directory.CreateDirectory(Path.Combine(snapshots.Folder, Guid.NewGuid().ToString("n"))).FullName;
        string program = Path.Combine(runtime, "worker");
        var environment = new EnvironmentSpec
        {
            Command = ["/nowhere/on/this/machine/worker"],
            Mounts = new Dictionary<string, string>(StringComparer.Ordinal) { [runtime] = "/nowhere/on/this/machine" },
        };

        File.WriteAllText(program, "one");
        SnapshotKey before = store.KeyOf(function, environment);
        File.WriteAllText(program, "another");
        SnapshotKey after = store.KeyOf(function, environment with { });

        after.ShouldNotBe(before);
    }

    private SnapshotStore Open(out string folder, TimeProvider? time = null)
    {
        folder = Path.Combine(snapshots.Folder, Guid.NewGuid().ToString("n"));
        return snapshots.Open(time, folder);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync(Cancellation);
        process.ExitCode.ShouldBe(0, program);
    }

    private sealed class SettableTime : TimeProvider
    {
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

        internal void Advance(TimeSpan by) => _ahead += by;
    }
}
