namespace Virga.Execution.Cgroups;

/// <summary>A mounted control group hierarchy.</summary>
/// <param name="Point">Where it is mounted.</param>
/// <param name="Controllers">Its controllers.</param>
/// <param name="IsUnified">cgroup v2.</param>
internal sealed record CgroupMount(string Point, IReadOnlySet<string> Controllers, bool IsUnified)
{
    internal static IReadOnlyList<CgroupMount> ReadAll() => Parse(File.ReadLines("/proc/self/mountinfo"));

    /// <summary>Reads the format of <c>/proc/self/mountinfo</c>, see proc_pid_mountinfo(5).</summary>
    internal static IReadOnlyList<CgroupMount> Parse(IEnumerable<string> mountInfo)
    {
        const int mountPoint = 4;
        const int superOptions = 2;
        List<CgroupMount> mounts = [];
        foreach (string line in mountInfo)
        {
            // Optional fields end with a lone hyphen; then come type, source and the hierarchy's own options.
            string[] halves = line.Split(" - ", 2);
            string[] fileSystem = halves[^1].Split(' ');
            string point = halves[0].Split(' ')[mountPoint];
            if (fileSystem[0] == "cgroup2")
            {
                string? controllers = ControlFile.ReadText(Path.Combine(point, "cgroup.controllers"));
                mounts.Add(new CgroupMount(point, (controllers ?? string.Empty).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal), IsUnified: true));
            }
            else if (fileSystem[0] == "cgroup")
            {
                mounts.Add(new CgroupMount(point, fileSystem[superOptions].Split(',').ToHashSet(StringComparer.Ordinal), IsUnified: false));
            }
        }

        return mounts;
    }
}
