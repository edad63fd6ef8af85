using Microsoft.Win32.SafeHandles;
using Virga.Core.Storage;

namespace Virga.State.Logs;

/// <summary>What the log asks of the disk. A class of its own so that tests can let it fail.</summary>
internal class LogDisk
{
    /// <exception cref="IOException">It was not written, or in part.</exception>
    public virtual void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    /// <exception cref="IOException">Nothing written since the last success can be relied on.</exception>
    public virtual void Synchronise(SafeFileHandle file, string path) => FileSystemSync.SyncContent(file, path);
}
