namespace Virga.Execution.Cgroups;

/// <summary>No limits: the node may not make control groups.</summary>
internal sealed class NoCgroupTree : CgroupTree
{
    internal override CgroupCapabilities Capabilities { get; } = new(
        0,
        Memory: false,
        Cpu: false,
        Processes: false,
        Freezer: false,
        "No writable control groups: instances run without limits of memory, cpu and processes. Run the node as root, or delegate a group to its user (systemd: Delegate=yes).");

    internal override Cgroup? Create(string instanceId, CgroupLimits limits) => null;

    internal override IReadOnlyList<Cgroup> Existing() => [];

    internal override void RemoveIfEmpty()
    {
        // There is nothing.
    }
}
