namespace Virga.Execution.Cgroups;

/// <summary>The node's part of the control group hierarchy: <c>virga/NODE/INSTANCE</c>.</summary>
internal abstract class CgroupTree
{
    protected const string Folder = "virga";

    internal abstract CgroupCapabilities Capabilities { get; }

    /// <summary>
    /// The tree of the node <paramref name="nodeId"/> in whichever hierarchy this machine has and lets this user
    /// write; a tree without limits when there is none.
    /// </summary>
    internal static CgroupTree Detect(string nodeId)
    {
        IReadOnlyList<CgroupMount> mounts = CgroupMount.ReadAll();
        if (CgroupV2Tree.TryOpen(mounts, nodeId) is { } v2)
        {
            return v2;
        }

        return CgroupV1Tree.TryOpen(mounts, nodeId) is { } v1 ? v1 : new NoCgroupTree();
    }

    /// <summary>Makes a group with limits, or nothing where limits cannot be set.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    internal abstract Cgroup? Create(string instanceId, CgroupLimits limits);

    /// <summary>Groups that exist, by instance.</summary>
    internal abstract IReadOnlyList<Cgroup> Existing();

    /// <summary>Removes the node's own level, unless instances are left in it.</summary>
    internal abstract void RemoveIfEmpty();

    protected static void TryRemoveDirectory(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (IOException)
        {
            return; // Instances are left; the next start sweeps them.
        }
    }

    protected static bool TryMakeDirectory(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            return true;
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    protected static string MissingText(bool memory, bool cpu, bool processes)
    {
        string[] missing = [.. new[] { (memory, "memory"), (cpu, "cpu"), (processes, "pids") }.Where(controller => !controller.Item1).Select(controller => controller.Item2)];
        return $"This machine has no control group for {string.Join(", ", missing)}: instances are not limited there. Enable the controller in the kernel's command line or in the container's settings.";
    }
}
