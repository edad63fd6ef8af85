using System.Diagnostics;

namespace Virga.State.Tests.Support;

/// <summary>A disk of a few megabytes, of memory, where the user may mount one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SmallDisk(int megabytes)
    {
        var error = Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", _folder.Path);
        Missing = error is null ? null : $"A disk of memory cannot be mounted here: {error}";
    }

    /// <summary>Why there is no such disk; null when there is one.</summary>
    public string? Missing { get; }

    public string Path => _folder.Path;

    private string Filler => _folder["filler"];

    /// <summary>Takes up all the room that is left.</summary>
    public void Fill()
    {
        using var filler = File.OpenHandle(Filler, FileMode.Create, FileAccess.Write);
        long length = 0;
        for (var size = 1 << 20; size >= 1; size /= 2)
        {
            while (TryWrite(filler, new byte[size], length))
            {
                length += size;
            }
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Filler);

    public void Dispose()
    {
        if (Missing is null)
        {
            Run("umount", _folder.Path).ShouldBeNull();
        }

        _folder.Dispose();
    }

    private static bool TryWrite(Microsoft.Win32.SafeHandles.SafeFileHandle file, byte[] bytes, long offset)
    {
        try
        {
            RandomAccess.Write(file, bytes, offset);
            return true;
        }
        catch (IOException)
        {
            // No room for a piece of this size: that is the purpose.
            return false;
        }
    }

    // What it said when it failed; null when it did not.
    private static string? Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : error.Trim();
    }
}
