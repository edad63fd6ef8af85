using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// Finds out whether gVisor can be used here. It looks and does not try: a sandbox costs some 300 ms of both cores, and a
/// node start should not pay them for an isolation that perhaps no function asks for.
/// </summary>
internal static class GvisorProbe
{
    private const string Program = "runsc";

    /// <summary>The program, or null and why it cannot be used and how to mend it.</summary>
    internal static (string? Program, string? Missing) Look(CgroupCapabilities cgroups)
    {
        if (SystemProgram.Find(Program) is not { } program)
        {
            return (null, "The program runsc does not exist; install it from Debian's bookworm-backports (`./dev setup` does, or `apt-get install -t bookworm-backports runsc`).");
        }

        if (Libc.EffectiveUserId() != 0)
        {
            return (null, "gvisor's sandboxes are started, snapshotted and restored by root only; start the node as root.");
        }

        // Its processes do not descend from each other in every state: the group is what ends them for certain.
        return cgroups.Version == 0
            ? (null, "gvisor's sandboxes need control groups; mount a cgroup hierarchy that the node may write.")
            : (program, null);
    }
}
