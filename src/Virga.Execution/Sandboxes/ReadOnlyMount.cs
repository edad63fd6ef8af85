namespace Virga.Execution.Sandboxes;

/// <summary>
/// A file or folder of the machine that a sandbox sees, read-only. It must be readable by every user, because the
/// worker is an unprivileged one; the folders above it need not be.
/// </summary>
/// <param name="HostPath">Where it is on the machine.</param>
/// <param name="SandboxPath">Where the worker sees it.</param>
internal sealed record ReadOnlyMount(string HostPath, string SandboxPath)
{
    /// <summary>The machine's path of a sandbox path below this mount, or null when it is not below it.</summary>
    internal string? ToHost(string sandboxPath)
    {
        if (!sandboxPath.StartsWith(SandboxPath, StringComparison.Ordinal))
        {
            return null;
        }

        string rest = sandboxPath[SandboxPath.Length..];
        return rest.Length == 0 || rest[0] == '/' ? HostPath + rest : null;
    }
}
