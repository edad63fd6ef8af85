namespace Virga.Execution.Sandboxes;

/// <summary>The folder of an instance on the machine.</summary>
internal static class ScratchDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode ReadableFolder =
        OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode ReadableFile =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    internal static void Create(string path) => Directory.CreateDirectory(path, OwnerOnly);

    /// <summary>Makes a folder that every user may read, whatever the node's umask.</summary>
    internal static void CreateReadable(string path)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, ReadableFolder);
    }

    /// <summary>Writes a file that every user may read, whatever the node's umask.</summary>
    internal static string WriteReadable(string directory, string name, string content)
    {
        string path = Path.Combine(directory, name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, ReadableFile);
        return path;
    }

    internal static void Remove(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            return; // Removed with the folder above it.
        }
    }
}
