using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Virga.Control.Storage;

/// <summary>Makes files durable. A whole tree is synchronised at once: one call per file would cost seconds for a folder of dependencies.</summary>
internal static partial class FileSystemSync
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <summary>Waits until everything written to the file system that holds the folder is on disk.</summary>
    public static void SyncTree(string folder)
    {
        using var handle = Open(folder);
        Check(syncfs(handle), folder);
    }

    /// <summary>Waits until the names in a folder are on disk.</summary>
    public static void SyncFolder(string folder)
    {
        using var handle = Open(folder);
        Check(fsync(handle), folder);
    }

    private static SafeFileHandle Open(string folder)
    {
        var descriptor = open(folder, ReadOnly | CloseOnExec);
        Check(descriptor, folder);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static void Check(int result, string folder)
    {
        if (result < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"'{folder}': {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

#pragma warning disable SYSLIB1054, CA5392 // Names of the C library.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(SafeFileHandle descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle descriptor);
#pragma warning restore SYSLIB1054, CA5392
}
