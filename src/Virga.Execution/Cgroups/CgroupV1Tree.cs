namespace Virga.Execution.Cgroups;

/// <summary>The node's groups in cgroup v1, in those hierarchies that exist and are writable.</summary>
internal sealed class CgroupV1Tree : CgroupTree
{
    // A group has the weight of one process by default, and all workers are below one group.
    private const int SharesPerCore = 1024;

    private readonly string? _memory;
    private readonly string? _cpu;
    private readonly string? _processes;
    private readonly string? _freezer;
    private readonly string? _accounting;

    private CgroupV1Tree(string? memory, string? cpu, string? processes, string? freezer, string? accounting)
    {
        _memory = memory;
        _cpu = cpu;
        _processes = processes;
        _freezer = freezer;
        _accounting = accounting;
        bool complete = memory is not null && cpu is not null && processes is not null;
        Capabilities = new CgroupCapabilities(
            1,
            memory is not null,
            cpu is not null,
            processes is not null,
            freezer is not null,
            complete ? null : MissingText(memory is not null, cpu is not null, processes is not null));
    }

    internal override CgroupCapabilities Capabilities { get; }

    internal static CgroupV1Tree? TryOpen(IReadOnlyList<CgroupMount> mounts, string nodeId)
    {
        string? Open(string controller) =>
            mounts.FirstOrDefault(mount => !mount.IsUnified && mount.Controllers.Contains(controller)) is { } mount
            && Path.Combine(mount.Point, Folder, nodeId) is var directory
            && TryMakeDirectory(directory)
                ? directory
                : null;

        var tree = new CgroupV1Tree(Open("memory"), Open("cpu"), Open("pids"), Open("freezer"), Open("cpuacct"));
        if (tree._cpu is { } cpu)
        {
            ControlFile.Write(Path.Combine(Path.GetDirectoryName(cpu)!, "cpu.shares"), SharesPerCore * Environment.ProcessorCount);
            ControlFile.Write(Path.Combine(cpu, "cpu.shares"), SharesPerCore * Environment.ProcessorCount);
        }

        return tree.Roots().Any() ? tree : null;
    }

    internal override Cgroup Create(string instanceId, CgroupLimits limits)
    {
        Cgroup group = Of(instanceId);
        try
        {
            foreach (string root in Roots())
            {
                Directory.CreateDirectory(Path.Combine(root, instanceId));
            }

            group.Limit(limits);
            return group;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            group.TryRemove();
            throw new IOException($"The control group of instance {instanceId} could not be made: {failure.Message}", failure);
        }
    }

    internal override IReadOnlyList<Cgroup> Existing() =>
        [.. Roots().SelectMany(Directory.EnumerateDirectories).Select(Path.GetFileName).OfType<string>().Distinct(StringComparer.Ordinal).Select(Of)];

    internal override void RemoveIfEmpty()
    {
        foreach (string root in Roots())
        {
            TryRemoveDirectory(root);
        }
    }

    private CgroupV1 Of(string instanceId)
    {
        string? In(string? root) => root is null ? null : Path.Combine(root, instanceId);
        return new CgroupV1(In(_memory), In(_cpu), In(_processes), In(_freezer), In(_accounting));
    }

    private IEnumerable<string> Roots() => new[] { _memory, _cpu, _processes, _freezer, _accounting }.OfType<string>().Distinct(StringComparer.Ordinal);
}
