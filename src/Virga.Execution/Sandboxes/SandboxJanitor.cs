using Virga.Execution.Cgroups;

namespace Virga.Execution.Sandboxes;

/// <summary>Removes what an earlier run of the same node, ended without a chance to clean up, has left behind.</summary>
internal sealed class SandboxJanitor(CgroupTree cgroups, string scratchRoot, TimeProvider time)
{
    /// <summary>Ends all processes in leftover groups, then removes the groups and scratch folders. To be called before the first launch.</summary>
    internal async Task SweepAsync()
    {
        foreach (Cgroup group in cgroups.Existing())
        {
            group.KillAll();
            await group.RemoveAsync(time);
        }

        if (Directory.Exists(scratchRoot))
        {
            foreach (string scratch in Directory.EnumerateDirectories(scratchRoot))
            {
                ScratchDirectory.Remove(scratch);
            }
        }
    }
}
