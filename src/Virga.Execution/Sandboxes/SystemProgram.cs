namespace Virga.Execution.Sandboxes;

/// <summary>Programs of the operating system that sandboxes are built with.</summary>
internal static class SystemProgram
{
    private static readonly string[] s_folders = ["/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin", "/sbin"];

    /// <summary>The absolute path of a program in the system's own folders, never in the caller's PATH; null when it is not installed.</summary>
    internal static string? Find(string name) => s_folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
