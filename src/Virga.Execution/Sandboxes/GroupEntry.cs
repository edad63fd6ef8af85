using Virga.Execution.Cgroups;

namespace Virga.Execution.Sandboxes;

/// <summary>Lets a process enter an instance's control group before it becomes its command, so that nothing of the command runs without limits.</summary>
internal static class GroupEntry
{
    private const string Shell = "/bin/sh";
    private const string EndOfGroups = "--";

    /// <param name="cgroup">The group; null where there are none.</param>
    /// <param name="preparation">Shell commands to run first.</param>
    internal static string[] Wrap(Cgroup? cgroup, string preparation, IReadOnlyList<string> command) =>
    [
        Shell,
        "-c",
        $"while [ \"$1\" != {EndOfGroups} ]; do echo 0 > \"$1\" || exit 125; shift; done; shift; {preparation}; exec \"$@\"",
        "virga-sandbox",
        .. cgroup?.EntryFiles ?? [],
        EndOfGroups,
        .. command,
    ];
}
