using Virga.Execution.Cgroups;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class CgroupMountTests
{
    [Fact]
    public void Hierarchies_are_read_from_the_table_of_mounts()
    {
        IReadOnlyList<CgroupMount> mounts = CgroupMount.Parse(
        [
            "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw",
            "32 24 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory",
            "33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct",
        ]);

        mounts.Select(mount => mount.Point).ShouldBe(["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu,cpuacct"]);
        mounts[1].Controllers.ShouldContain("cpu");
        mounts.ShouldAllBe(mount => !mount.IsUnified);
    }

    [Fact]
    public void Unused_time_is_saved_up_to_the_speed_of_a_core()
    {
        new CgroupLimits(0, 0.25, 1).BurstMicroseconds.ShouldBe(25_000);
        new CgroupLimits(0, 0.75, 1).BurstMicroseconds.ShouldBe(25_000);
        new CgroupLimits(0, 2, 1).BurstMicroseconds.ShouldBe(0);
    }
}
