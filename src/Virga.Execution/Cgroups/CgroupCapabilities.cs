namespace Virga.Execution.Cgroups;

/// <summary>Which limits the machine lets the node set.</summary>
/// <param name="Version">1, 2, or 0 when there is no usable hierarchy.</param>
/// <param name="Freezer">Whether instances can be stopped and continued.</param>
/// <param name="Missing">Why something is missing and how to mend it; null when all is there.</param>
internal sealed record CgroupCapabilities(int Version, bool Memory, bool Cpu, bool Processes, bool Freezer, string? Missing)
{
    /// <summary>For people: which limits can be set, and by what.</summary>
    public override string ToString()
    {
        string[] there = [.. new[] { (Memory, "memory"), (Cpu, "cpu"), (Processes, "pids"), (Freezer, "freezer") }.Where(controller => controller.Item1).Select(controller => controller.Item2)];
        string found = there.Length == 0 ? "no control groups" : $"cgroup v{Version}: {string.Join(", ", there)}";
        return Missing is null ? found : $"{found}. {Missing}";
    }
}
