using System.Globalization;
using Virga.Core.Resources;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>What becomes of a frozen worker's memory when there is swap.</summary>
public sealed class PushOutTests(SandboxFixture sandboxes, ZramSwap swap) : IClassFixture<SandboxFixture>, IClassFixture<ZramSwap>
{
    // Every page is another, and none is of one value alone, which the kernel would not even store.
    private const string HoldsData =
        """
        import hashlib, zlib
        data = b"".join(hashlib.sha512(str(i).encode()).digest() * 64 for i in range(PAGES))
        print(zlib.crc32(data), flush=True)
        while True:
            input()
            print(zlib.crc32(data), flush=True)
        """;

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Process)]
    public async Task A_frozen_worker_keeps_a_twentieth_of_its_memory_and_gets_all_of_it_back(Isolation isolation)
    {
        SandboxProcess worker = Start(megabytes: 32, isolation);
        await using SandboxProcess owned = worker;
        string checksum = await SandboxFixture.ReadLineAsync(worker);
        long warm = worker.ResidentBytes();

        (await worker.FreezeAsync(pushOutMemory: true, TestContext.Current.CancellationToken)).ShouldBeTrue();

        warm.ShouldBeGreaterThan(32 << 20);
        worker.ResidentBytes().ShouldBeLessThanOrEqualTo(warm / 20);
        worker.Thaw();
        await SandboxFixture.SayAsync(worker, "still there?");
        (await SandboxFixture.ReadLineAsync(worker)).ShouldBe(checksum);
        worker.ResidentBytes().ShouldBeGreaterThan(32 << 20);
    }

    [Fact]
    public async Task A_call_that_comes_while_memory_is_pushed_out_is_answered_at_once()
    {
        await using SandboxProcess worker = Start(megabytes: 200, Isolation.Process);
        string checksum = await SandboxFixture.ReadLineAsync(worker);
        long warm = worker.ResidentBytes();
        Task<bool> freezing = StartPushingOut(worker);

        worker.Thaw();

        await SandboxFixture.SayAsync(worker, "still there?");
        (await SandboxFixture.ReadLineAsync(worker)).ShouldBe(checksum);
        (await freezing).ShouldBeFalse();
        worker.ResidentBytes().ShouldBeGreaterThan(warm / 2);
    }

    [Fact]
    public async Task A_worker_that_is_killed_while_its_memory_is_pushed_out_leaves_nothing()
    {
        await using SandboxProcess worker = Start(megabytes: 200, Isolation.Bubblewrap);
        await SandboxFixture.ReadLineAsync(worker);
        Task<bool> freezing = StartPushingOut(worker);

        await worker.DisposeAsync();

        (await freezing).ShouldBeFalse();
        Machine.CgroupsOf(sandboxes.NodeId).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_worker_that_runs_is_ended_at_its_limit_and_does_not_swap()
    {
        const string takesMore =
            """
            data = bytearray(16 << 20)
            for i in range(0, len(data), 4096): data[i] = 1
            print(flush=True)
            input()
            more = bytearray(128 << 20)
            for i in range(0, len(more), 4096): more[i] = 1
            """;
        Assert.SkipWhen(swap.Missing is not null, swap.Missing ?? string.Empty);
        await using SandboxProcess worker = sandboxes.Host.Launch(sandboxes.PythonSpec(takesMore) with { MemoryBytes = 64 << 20 });
        await SandboxFixture.ReadLineAsync(worker);
        await worker.FreezeAsync(pushOutMemory: true, TestContext.Current.CancellationToken);
        worker.Thaw();

        await SandboxFixture.SayAsync(worker, "more");

        (await worker.Exited.WaitAsync(TestContext.Current.CancellationToken)).OutOfMemory.ShouldBeTrue();
    }

    /// <summary>Freezes and comes back as soon as some memory is out, without waiting for a turn of the test runner.</summary>
    private static Task<bool> StartPushingOut(SandboxProcess worker)
    {
        long warm = worker.ResidentBytes();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<bool> freezing = Task.Run(() => worker.FreezeAsync(pushOutMemory: true, cancellation), cancellation);
        SpinWait.SpinUntil(() => worker.ResidentBytes() < warm - (1 << 20) || freezing.IsCompleted, TimeSpan.FromSeconds(60)).ShouldBeTrue("nothing is pushed out");
        freezing.IsCompleted.ShouldBeFalse();
        return freezing;
    }

    private SandboxProcess Start(int megabytes, Isolation isolation)
    {
        Assert.SkipWhen(swap.Missing is not null, swap.Missing ?? string.Empty);
        Assert.SkipUnless(sandboxes.Host.Capabilities.FreezingMissing is null, "needs the freezer");
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Memory, "needs the memory controller");
        string program = HoldsData.Replace("PAGES", (megabytes << 8).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return sandboxes.Host.Launch(sandboxes.PythonSpec(program) with { Isolation = isolation, MemoryBytes = 512 << 20 });
    }
}
