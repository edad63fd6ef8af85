using Virga.Execution.Cgroups;

namespace Virga.Execution.Sandboxes;

/// <summary>What this machine offers to sandboxes.</summary>
/// <param name="Cgroups">Which limits can be set.</param>
/// <param name="Bubblewrap">How bubblewrap is used; null when it cannot be.</param>
/// <param name="BubblewrapMissing">Why it cannot be used and how to mend it.</param>
internal sealed record SandboxCapabilities(CgroupCapabilities Cgroups, BubblewrapMode? Bubblewrap, string? BubblewrapMissing)
{
    /// <summary>Why functions with the egress <c>internet</c> cannot run in a sandbox, and how to mend it; null when they can.</summary>
    public string? InternetMissing { get; init; }
}
