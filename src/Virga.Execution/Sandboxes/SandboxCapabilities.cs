using Virga.Execution.Cgroups;

namespace Virga.Execution.Sandboxes;

/// <summary>What this machine offers to sandboxes.</summary>
/// <param name="Cgroups">Which limits can be set.</param>
/// <param name="Bubblewrap">How bubblewrap is used; null when it cannot be.</param>
/// <param name="BubblewrapMissing">Why it cannot be used and how to mend it.</param>
/// <param name="GvisorMissing">Why gVisor cannot be used and how to mend it; null when it can.</param>
/// <param name="Swap">Where the memory of frozen instances can go, as it was when the node started.</param>
internal sealed record SandboxCapabilities(CgroupCapabilities Cgroups, BubblewrapMode? Bubblewrap, string? BubblewrapMissing, string? GvisorMissing, SwapSpace Swap)
{
    /// <summary>Why idle instances cannot be frozen, what that costs, and how to mend it; null when they can.</summary>
    internal string? FreezingMissing => Cgroups.Freezer
        ? null
        : "No writable freezer control group: instances are not frozen, but stay warm until they are ended. Run the node as root, or delegate a group to its user, on a kernel with cgroup v2 (Linux 5.2 or later) or the freezer hierarchy of cgroup v1.";

    /// <summary>Why frozen instances keep their memory, what that costs, and how to mend it; null when they do not.</summary>
    internal string? SwapMissing => (Cgroups.Memory, Swap.TotalBytes) switch
    {
        (false, _) => "No writable memory control group: frozen instances keep their memory, 10 to 15 MB each and what the function itself holds. Enable the memory controller.",
        (_, 0) => "No swap: frozen instances keep their memory, 10 to 15 MB each and what the function itself holds. Add swap, best in compressed memory (zram): `./dev swap on`.",
        _ => null,
    };

    /// <summary>Why functions with the egress <c>internet</c> cannot run in a sandbox, and how to mend it; null when they can.</summary>
    public string? InternetMissing { get; init; }
}
