using System.Globalization;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>What is true on the machine, outside of all nodes.</summary>
internal static class Machine
{
    private const string ControlGroups = "/sys/fs/cgroup";
    private const string NodesGroup = "/virga/";

    /// <summary>Whether a process runs; one that has ended and was not yet waited for does not.</summary>
    public static bool Runs(int pid)
    {
        var status = ReadOrEmpty($"/proc/{pid}/stat");
        return status.Length > 0 && status[(status.LastIndexOf(')') + 2)..][0] != 'Z';
    }

    /// <summary>The name that the control groups have of the node which the process of an instance belongs to; null where there are none.</summary>
    public static string? NodeOf(int pid) => ReadOrEmpty($"/proc/{pid}/cgroup").Split('\n')
        .Where(line => line.Contains(NodesGroup, StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(NodesGroup, StringComparison.Ordinal) + NodesGroup.Length)..].Split('/')[0])
        .FirstOrDefault();

    /// <summary>The control groups of a node's instances.</summary>
    public static IReadOnlyList<string> GroupsOf(string node) =>
    [
        .. Directory.EnumerateDirectories(ControlGroups).Append(ControlGroups)
            .Select(hierarchy => hierarchy + NodesGroup + node)
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories),
    ];

    /// <summary>The processes in the control groups of a node's instances.</summary>
    public static IReadOnlyList<int> ProcessesOf(string node) =>
    [
        .. GroupsOf(node)
            .SelectMany(group => ReadOrEmpty(Path.Combine(group, "cgroup.procs")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture))
            .Distinct(),
    ];

    /// <summary>The processes with a text in their command line.</summary>
    public static IReadOnlyList<string> CommandsWith(string text) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Where(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out _))
            .Select(path => ReadOrEmpty(Path.Combine(path, "cmdline")).Replace('\0', ' '))
            .Where(command => command.Contains(text, StringComparison.Ordinal)),
    ];

    /// <summary>Mounts that every process here sees, at a path or of one below.</summary>
    public static IReadOnlyList<string> MountsBelow(string path) =>
        [.. File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(path, StringComparison.Ordinal))];

    // A process ends, and a group goes, between one look and the next.
    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
