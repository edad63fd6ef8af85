using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>The device that network interfaces in user space are made with. It grants nothing by itself: its user needs rights over the network namespace.</summary>
internal static class TunDevice
{
    private const string Folder = "/dev/net";
    private const string Path = Folder + "/tun";
    private const int ReadAndWrite = 6;
    private const ulong Recursive = 0x4000;
    private const ulong Slave = 0x80000;
    private const uint CharacterDevice = 0x2000;
    private const uint ForAll = 0x1B6;
    private const ulong Number = (10 << 8) | 200;
    private const UnixFileMode OthersReadAndWrite = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Whether every user may open it, as distributions set it up.</summary>
    internal static bool IsForAll => File.Exists(Path) && (File.GetUnixFileMode(Path) & OthersReadAndWrite) == OthersReadAndWrite;

    /// <summary>Whether the node's user may open it.</summary>
    internal static bool IsForThisUser => Libc.Access(Path, ReadAndWrite) == 0;

    /// <summary>
    /// Gives the calling thread, and the processes that it starts, a device of their own that every user may open. Needs root. The
    /// machine's own device keeps its mode.
    /// </summary>
    /// <exception cref="SystemCallException">The kernel refuses.</exception>
    internal static void OpenToAllOnThisThread()
    {
        Check(Libc.Unshare(Libc.CloneNewMount), "unshare(CLONE_NEWNS)");

        // What is unmounted on the machine shall not stay mounted here.
        Check(Libc.Mount("none", "/", string.Empty, Recursive | Slave, null), "mount --make-rslave /");
        Check(Libc.Mount("virga-tun", Folder, "tmpfs", 0, "mode=755,size=4k"), $"mount {Folder}");
        Check(Libc.MakeNode(Path, CharacterDevice | ForAll, Number), $"mknod {Path}");
        Check(Libc.ChangeMode(Path, ForAll), $"chmod {Path}"); // Whatever the node's umask.
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw SystemCallException.Last(call);
        }
    }
}
