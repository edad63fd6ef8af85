using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Virga.Core.Storage;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What the store asks of the disk when it writes. A class of its own so that tests can let it fail.</summary>
internal partial class LedgerDisk
{
    /// <exception cref="IOException">It was not written, or in part.</exception>
    public virtual void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    /// <exception cref="IOException">Nothing written since the last success can be relied on.</exception>
    public virtual void Synchronise(SafeFileHandle file, string path) => FileSystemSync.SyncContent(file, path);

    /// <summary>Takes room for a file, which reads as zeros.</summary>
    /// <exception cref="IOException">There is none, or the file system cannot do it.</exception>
    public virtual void Allocate(SafeFileHandle file, string path, long bytes)
    {
        if (fallocate(file, 0, 0, bytes) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"'{path}': {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

#pragma warning disable SYSLIB1054, CA5392 // A name of the C library.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle descriptor, int mode, long offset, long length);
#pragma warning restore SYSLIB1054, CA5392
}
