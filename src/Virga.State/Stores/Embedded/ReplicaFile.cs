using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Virga.Core.Problems;
using Virga.Core.Storage;
using Virga.State.Keys;

namespace Virga.State.Stores.Embedded;

/// <summary>The file <c>replica</c> of a state folder: who writes from there, in sixteen hexadecimal digits.</summary>
public static class ReplicaFile
{
    /// <summary>The replica of a folder; chosen and kept for good when it has none.</summary>
    /// <exception cref="ProblemException"><c>state-corrupted</c>, <c>storage-full</c>.</exception>
    public static ReplicaId Open(string directory)
    {
        var path = Path.Combine(directory, "replica");
        try
        {
            if (File.Exists(path))
            {
                return Read(path);
            }

            Directory.CreateDirectory(directory);
            Span<byte> random = stackalloc byte[sizeof(ulong)];
            RandomNumberGenerator.Fill(random);
            var id = new ReplicaId(BinaryPrimitives.ReadUInt64LittleEndian(random) | 1);
            var unfinished = path + ".new";
            using (var file = File.OpenHandle(unfinished, FileMode.Create, FileAccess.Write))
            {
                RandomAccess.Write(file, System.Text.Encoding.ASCII.GetBytes($"{id}\n"), 0);
                FileSystemSync.SyncContent(file, unfinished);
            }

            File.Move(unfinished, path, overwrite: true);
            FileSystemSync.SyncFolder(directory);
            return id;
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            throw new ProblemException(KnownProblems.StorageFull($"There is no room for '{path}'."), exception);
        }
    }

    private static ReplicaId Read(string path) =>
        ulong.TryParse(File.ReadAllText(path).TrimEnd(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && value != 0
            ? new ReplicaId(value)
            : throw new ProblemException(KnownProblems.StateCorrupted($"'{path}' does not hold the sixteen digits that name this node's writes.", "Restore it from a backup, or delete it: the node then counts as another writer, and loses nothing."));
}
