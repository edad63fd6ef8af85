using Virga.Execution.Cgroups;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class SwapSpaceTests
{
    private static readonly CgroupCapabilities s_complete = new(1, Memory: true, Cpu: true, Processes: true, Freezer: true, Missing: null);

    [Fact]
    public void Swap_is_the_sum_of_all_devices_and_files()
    {
        SwapSpace swap = SwapSpace.Parse(
        [
            "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority",
            "/dev/zram0                              partition\t2097148\t\t1024\t\t100",
            "/swap\\040file                           file\t\t4\t\t0\t\t-2",
        ]);

        swap.ShouldBe(new SwapSpace(2_097_152L << 10, (2_097_152L - 1024) << 10));
    }

    [Fact]
    public void A_machine_without_swap_says_what_that_costs_and_how_to_mend_it()
    {
        new SandboxCapabilities(s_complete, null, null, null, SwapSpace.Parse(["Filename"])).SwapMissing.ShouldNotBeNull().ShouldContain("./dev swap on");
        new SandboxCapabilities(s_complete with { Memory = false }, null, null, null, new SwapSpace(1, 1)).SwapMissing.ShouldNotBeNull().ShouldContain("memory controller");
        new SandboxCapabilities(s_complete, null, null, null, new SwapSpace(1, 1)).SwapMissing.ShouldBeNull();
    }
}
