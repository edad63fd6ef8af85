namespace Virga.Execution.Cgroups;

/// <summary>Which limits the machine lets the node set.</summary>
/// <param name="Version">1, 2, or 0 when there is no usable hierarchy.</param>
/// <param name="Freezer">Whether instances can be stopped and continued.</param>
/// <param name="Missing">Why something is missing and how to mend it; null when all is there.</param>
internal sealed record CgroupCapabilities(int Version, bool Memory, bool Cpu, bool Processes, bool Freezer, string? Missing);
