using System.Globalization;
using System.Text;
using Virga.Core.Problems;

namespace Virga.Control.Storage;

/// <summary>
/// The folder that holds all that a node keeps. Opening it takes the lock file <c>node.lock</c>, which the system gives back when the process ends, however
/// it ends: two nodes never write in one folder.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private const string LockName = "node.lock";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; }

    /// <summary>Opens the folder, making it when there is none.</summary>
    /// <exception cref="ProblemException"><c>data-folder-in-use</c>, <c>storage-full</c>, or <c>invalid-request</c> when it cannot be made or written.</exception>
    public static DataDirectory Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        var lockPath = System.IO.Path.Combine(full, LockName);
        try
        {
            Directory.CreateDirectory(full);

            // Opened without truncation: the file may be another node's, which must keep the id that it wrote.
            var file = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new DataDirectory(full, file);
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            throw new ProblemException(KnownProblems.StorageFull($"There is no room for '{lockPath}'."), exception);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException) && File.Exists(lockPath))
        {
            throw new ProblemException(KnownProblems.DataFolderInUse($"The data folder '{full}' is in use by another node{OwnerOf(lockPath)}."), exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ProblemException(
                KnownProblems.InvalidRequest($"The data folder '{full}' cannot be used: {exception.Message}", "Name a folder with --data that this user may write in."), exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static string OwnerOf(string lockPath)
    {
        try
        {
            using var file = new FileStream(lockPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file, Encoding.ASCII);
            return int.TryParse(reader.ReadToEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? $" (pid {pid})" : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Who holds the lock is an extra; that it is held is the message.
            return "";
        }
    }
}
