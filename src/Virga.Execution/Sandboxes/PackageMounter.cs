using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// Mounts folders into running sandboxes, from outside. A thread of its own enters the sandbox's mount namespace for
/// the time of one system call; no other thread's view of the file system changes.
/// </summary>
internal sealed unsafe class PackageMounter : IDisposable
{
    private const uint CloneTree = 1;
    private const uint CloseOnExec = 0x80000;
    private const ulong ReadOnlyNoSetUidNoDevices = 0x1 | 0x2 | 0x4;
    private const long MoveFromEmptyPath = 0x4;

    private readonly DedicatedThread _thread = new("virga-mount");
    private Descriptor? _nodeNamespace;

    /// <summary>Mounts <paramref name="hostDirectory"/> read-only at <paramref name="sandboxPath"/> of the process's mount namespace.</summary>
    /// <exception cref="SystemCallException">The kernel refuses: it is older than 5.12, the node lacks CAP_SYS_ADMIN, or the process has ended.</exception>
    internal void Mount(string hostDirectory, int pid, string sandboxPath) => _thread.Run(() =>
    {
        MountHere(hostDirectory, pid, sandboxPath);
        return true;
    });

    public void Dispose()
    {
        _thread.Dispose();
        _nodeNamespace?.Dispose();
    }

    private void MountHere(string hostDirectory, int pid, string sandboxPath)
    {
        _nodeNamespace ??= LeaveSharedFileSystemView();
        using Descriptor tree = CloneReadOnly(hostDirectory);
        using Descriptor sandbox = OpenNamespace($"/proc/{pid}/ns/mnt");

        // Entering a mount namespace makes its root this thread's root, so that the target path is the sandbox's.
        Enter(sandbox);
        try
        {
            if (Libc.SystemCallWithPaths(Libc.MoveMount, tree.Number, string.Empty, Libc.CurrentDirectory, sandboxPath, MoveFromEmptyPath) != 0)
            {
                throw SystemCallException.Last($"move_mount {sandboxPath}");
            }
        }
        finally
        {
            Enter(_nodeNamespace);
        }
    }

    /// <summary>The kernel lets only a thread that shares its root and working folder with no other change its mount namespace.</summary>
    private static Descriptor LeaveSharedFileSystemView()
    {
        if (Libc.Unshare(Libc.CloneFileSystem) != 0)
        {
            throw SystemCallException.Last("unshare(CLONE_FS)");
        }

        return OpenNamespace("/proc/thread-self/ns/mnt");
    }

    private static Descriptor CloneReadOnly(string directory)
    {
        long number = Libc.SystemCallWithPath(Libc.OpenTree, Libc.CurrentDirectory, Path.GetFullPath(directory), CloneTree | CloseOnExec, 0, 0);
        if (number < 0)
        {
            throw SystemCallException.Last($"open_tree {directory}");
        }

        Descriptor tree = Descriptor.Own((int)number);
        var attributes = new Libc.MountAttributes { Set = ReadOnlyNoSetUidNoDevices };
        fixed (byte* empty = "\0"u8)
        {
            if (Libc.SystemCall(Libc.MountSetAttributes, tree.Number, (long)empty, Libc.EmptyPath, (long)&attributes, sizeof(Libc.MountAttributes)) != 0)
            {
                SystemCallException failure = SystemCallException.Last("mount_setattr");
                tree.Dispose();
                throw failure;
            }
        }

        return tree;
    }

    private static Descriptor OpenNamespace(string path)
    {
        int number = Libc.Open(path, Libc.OpenReadOnlyCloseOnExec);
        return number < 0 ? throw SystemCallException.Last($"open {path}") : Descriptor.Own(number);
    }

    private static void Enter(Descriptor mountNamespace)
    {
        if (Libc.SetNamespace(mountNamespace.Number, Libc.CloneNewMount) != 0)
        {
            throw SystemCallException.Last("setns");
        }
    }
}
