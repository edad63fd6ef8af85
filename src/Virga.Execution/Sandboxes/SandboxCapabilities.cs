using Virga.Execution.Cgroups;

namespace Virga.Execution.Sandboxes;

/// <summary>What this machine offers to sandboxes.</summary>
/// <param name="Cgroups">Which limits can be set.</param>
/// <param name="Bubblewrap">How bubblewrap is used; null when it cannot be.</param>
/// <param name="BubblewrapMissing">Why it cannot be used and how to mend it.</param>
/// <param name="GvisorMissing">Why gVisor cannot be used and how to mend it; null when it can.</param>
internal sealed record SandboxCapabilities(CgroupCapabilities Cgroups, BubblewrapMode? Bubblewrap, string? BubblewrapMissing, string? GvisorMissing);
