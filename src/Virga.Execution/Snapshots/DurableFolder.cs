using Virga.Execution.Processes;

namespace Virga.Execution.Snapshots;

/// <summary>Renames that survive a power failure.</summary>
internal static class DurableFolder
{
    /// <summary>Moves a folder whose files are on disk to its final name in the same parent, and brings the name to disk.</summary>
    internal static void Move(string from, string to)
    {
        Synchronise(from);
        Directory.Move(from, to);
        Synchronise(Path.GetDirectoryName(to)!);
    }

    private static void Synchronise(string directory)
    {
        int number = Libc.Open(directory, Libc.OpenReadOnlyCloseOnExec);
        using Descriptor opened = number < 0 ? throw SystemCallException.Last($"open {directory}") : Descriptor.Own(number);
        if (Libc.Synchronise(opened.Number) != 0)
        {
            throw SystemCallException.Last($"fsync {directory}");
        }
    }
}
