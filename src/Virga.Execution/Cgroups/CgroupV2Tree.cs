namespace Virga.Execution.Cgroups;

/// <summary>
/// The node's groups in cgroup v2: below the root of the hierarchy when the node may write there, else below the
/// group that was delegated to it.
/// </summary>
internal sealed class CgroupV2Tree : CgroupTree
{
    // Processes may only be in leaves, so the node itself moves out of the way of the controllers.
    private const string NodeLeaf = "virga-node";
    private static readonly string[] s_controllers = ["memory", "cpu", "pids"];

    // A group has the weight of one process by default, and all workers are below one group.
    private const int WeightPerCore = 100;
    private const int MaxWeight = 10_000;

    private readonly string _root;

    private CgroupV2Tree(string root, IReadOnlySet<string> controllers)
    {
        _root = root;
        bool memory = controllers.Contains("memory");
        bool cpu = controllers.Contains("cpu");
        bool processes = controllers.Contains("pids");
        Capabilities = new CgroupCapabilities(2, memory, cpu, processes, File.Exists(Path.Combine(root, "cgroup.freeze")), memory && cpu && processes ? null : MissingText(memory, cpu, processes));
    }

    internal override CgroupCapabilities Capabilities { get; }

    internal static CgroupV2Tree? TryOpen(IReadOnlyList<CgroupMount> mounts, string nodeId)
    {
        // On hybrid machines the unified hierarchy exists but has no controllers.
        CgroupMount? mount = mounts.FirstOrDefault(candidate => candidate.IsUnified && candidate.Controllers.Contains("memory"));
        if (mount is null)
        {
            return null;
        }

        return TryOpenBelow(mount.Point, nodeId) ?? TryOpenDelegated(mount.Point, nodeId);
    }

    internal override Cgroup Create(string instanceId, CgroupLimits limits)
    {
        var group = new CgroupV2(Path.Combine(_root, instanceId), Capabilities);
        try
        {
            Directory.CreateDirectory(Path.Combine(_root, instanceId));
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
        [.. Directory.EnumerateDirectories(_root).Select(directory => new CgroupV2(directory, Capabilities))];

    internal override void RemoveIfEmpty() => TryRemoveDirectory(_root);

    private static CgroupV2Tree? TryOpenDelegated(string mountPoint, string nodeId)
    {
        string? own = ControlFile.ReadText("/proc/self/cgroup")?
            .Split('\n')
            .FirstOrDefault(line => line.StartsWith("0::/", StringComparison.Ordinal))?["0::/".Length..];
        if (string.IsNullOrEmpty(own))
        {
            return null;
        }

        string directory = Path.Combine(mountPoint, own);
        if (Path.GetFileName(directory) == NodeLeaf)
        {
            directory = Path.GetDirectoryName(directory)!;
        }
        else if (!TryMoveNode(directory))
        {
            return null;
        }

        return TryOpenBelow(directory, nodeId);
    }

    private static bool TryMoveNode(string directory)
    {
        string leaf = Path.Combine(directory, NodeLeaf);
        try
        {
            Directory.CreateDirectory(leaf);
            ControlFile.Write(Path.Combine(leaf, "cgroup.procs"), "0");
            return true;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return false; // Not delegated to us.
        }
    }

    private static CgroupV2Tree? TryOpenBelow(string directory, string nodeId)
    {
        string parent = Path.Combine(directory, Folder);
        string root = Path.Combine(parent, nodeId);
        if (!TryMakeDirectory(root))
        {
            return null;
        }

        HashSet<string> enabled = [.. s_controllers.Where(controller => new[] { directory, parent, root }.All(level => TryEnable(level, controller)))];
        if (enabled.Contains("cpu"))
        {
            ControlFile.Write(Path.Combine(parent, "cpu.weight"), Math.Min(MaxWeight, WeightPerCore * Environment.ProcessorCount));
            ControlFile.Write(Path.Combine(root, "cpu.weight"), Math.Min(MaxWeight, WeightPerCore * Environment.ProcessorCount));
        }

        return enabled.Count > 0 ? new CgroupV2Tree(root, enabled) : null;
    }

    private static bool TryEnable(string directory, string controller)
    {
        try
        {
            ControlFile.Write(Path.Combine(directory, "cgroup.subtree_control"), $"+{controller}");
            return true;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return false; // The level above does not hand this controller down.
        }
    }
}
