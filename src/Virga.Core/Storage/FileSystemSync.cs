using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Virga.Core.Storage;

/// <summary>Makes files durable. A whole tree is synchronised at once: one call per file would cost seconds for a folder of dependencies.</summary>
public static partial class FileSystemSync
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <summary>Waits until everything written to the file system that holds the folder is on disk.</summary>
    /// <exception cref="IOException">It is not; the error's number is the <see cref="Exception.HResult"/>.</exception>
    public static void SyncTree(string folder)
    {
        using var handle = Open(folder);
        Check(syncfs(handle), folder);
    }

    /// <summary>Waits until the names in a folder are on disk.</summary>
    /// <exception cref="IOException">They are not.</exception>
    public static void SyncFolder(string folder)
    {
        using var handle = Open(folder);
        Check(fsync(handle), folder);
    }

    /// <summary>Waits until a file's content is on disk, and as much about it as is needed to read it back.</summary>
    /// <exception cref="IOException">It is not, and never will be by asking again: the system may have dropped what it could not write.</exception>
    public static void SyncContent(SafeFileHandle file, string path) => Check(fdatasync(file), path);

    private static SafeFileHandle Open(string folder)
    {
        var descriptor = open(folder, ReadOnly | CloseOnExec);
        Check(descriptor, folder);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static void Check(int result, string path)
    {
        if (result < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"'{path}': {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

#pragma warning disable SYSLIB1054, CA5392 // Names of the C library.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(SafeFileHandle descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle descriptor);
#pragma warning restore SYSLIB1054, CA5392
}
