using System.Globalization;
using Virga.Core.Problems;
using Virga.Core.Storage;

namespace Virga.Control.Storage;

/// <summary>
/// The folder that holds all that a node keeps. Opening it takes the lock file <c>node.lock</c>, which the system gives back when the process ends, however
/// it ends: two nodes never write in one folder.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private const string LockName = "node.lock";

    // Beside the lock, because a locked file cannot be opened by others.
    private const string OwnerName = "node.pid";

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

            var file = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            WriteOwner(full, file);
            return new DataDirectory(full, file);
        }
        catch (IOException exception) when (DiskFaults.IsFull(exception))
        {
            throw new ProblemException(KnownProblems.StorageFull($"There is no room for '{lockPath}'."), exception);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException) && File.Exists(lockPath))
        {
            throw new ProblemException(KnownProblems.DataFolderInUse($"The data folder '{full}' is in use by another node{OwnerOf(full)}."), exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ProblemException(
                KnownProblems.InvalidRequest($"The data folder '{full}' cannot be used: {exception.Message}", "Name a folder with --data that this user may write in."), exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static void WriteOwner(string folder, FileStream held)
    {
        try
        {
            File.WriteAllText(System.IO.Path.Combine(folder, OwnerName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static string OwnerOf(string folder)
    {
        try
        {
            var text = File.ReadAllText(System.IO.Path.Combine(folder, OwnerName));
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? $" (pid {pid})" : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Who holds the lock is an extra; that it is held is the message.
            return "";
        }
    }
}
