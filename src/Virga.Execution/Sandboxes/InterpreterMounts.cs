namespace Virga.Execution.Sandboxes;

/// <summary>What a sandbox must see of the machine so that an interpreter outside of /usr runs in it.</summary>
internal static class InterpreterMounts
{
    private static readonly string[] s_alwaysVisible = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"];

    /// <summary>
    /// The mounts for the program at <paramref name="path"/>, at the same paths as on the machine: none when it is in
    /// the system's folders, else the folder that holds its <c>bin</c> (its libraries lie beside), or its own folder.
    /// </summary>
    /// <returns>The program's real path, which is the one to start, and the mounts.</returns>
    internal static (string Program, IReadOnlyList<ReadOnlyMount> Mounts) For(string path)
    {
        string program = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        if (s_alwaysVisible.Any(folder => program.StartsWith(folder, StringComparison.Ordinal)))
        {
            return (program, []);
        }

        string folder = Path.GetDirectoryName(program)!;
        string prefix = Path.GetFileName(folder) == "bin" ? Path.GetDirectoryName(folder)! : folder;
        return (program, [new ReadOnlyMount(prefix, prefix)]);
    }
}
