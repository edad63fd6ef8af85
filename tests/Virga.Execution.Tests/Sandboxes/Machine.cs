using System.Globalization;
using System.Runtime.InteropServices;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>What is true on the machine, outside of all sandboxes.</summary>
internal static class Machine
{
    /// <summary>The host program of the runtime that runs these tests: DOTNET/shared/FRAMEWORK/VERSION/../../../dotnet.</summary>
    internal static string DotnetProgram => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    internal static IReadOnlyList<int> ProcessesMentioning(string text) =>
        [.. Processes().Where(pid => ReadOrEmpty($"/proc/{pid}/cmdline").Contains(text, StringComparison.Ordinal))];

    internal static IReadOnlyList<int> ZombiesOf(int parent) =>
        [.. Processes().Where(pid => ReadOrEmpty($"/proc/{pid}/status") is var status
            && status.Contains("State:\tZ", StringComparison.Ordinal)
            && status.Contains($"PPid:\t{parent}\n", StringComparison.Ordinal))];

    internal static IReadOnlyList<string> CgroupsOf(string nodeId) =>
        [.. Directory.EnumerateDirectories("/sys/fs/cgroup")
            .Append("/sys/fs/cgroup")
            .Select(root => Path.Combine(root, "virga", nodeId))
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)];

    /// <summary>Whether the process exists and has not ended, reaped or not.</summary>
    internal static bool Runs(int pid) =>
        ReadOrEmpty($"/proc/{pid}/status") is { Length: > 0 } status && !status.Contains("State:\tZ", StringComparison.Ordinal);

    internal static IReadOnlyList<int> ProcessesIn(string cgroup) =>
        [.. File.ReadAllLines(Path.Combine(cgroup, "cgroup.procs")).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    internal static string NamespaceOf(int pid, string kind) => File.ResolveLinkTarget($"/proc/{pid}/ns/{kind}", returnFinalTarget: false)!.Name;

    private static IEnumerable<int> Processes() =>
        Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out int pid) ? pid : 0)
            .Where(pid => pid != 0);

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return string.Empty; // Ended in the meantime.
        }
    }
}
