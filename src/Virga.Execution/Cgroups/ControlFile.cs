using System.Globalization;
using System.Text;

namespace Virga.Execution.Cgroups;

/// <summary>The kernel's control files: each write is one value in one system call.</summary>
internal static class ControlFile
{
    internal static void Write(string path, string value)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, Encoding.ASCII.GetBytes(value), 0);
    }

    internal static void Write(string path, long value) => Write(path, value.ToString(CultureInfo.InvariantCulture));

    internal static void WriteIfPresent(string path, string value)
    {
        if (File.Exists(path))
        {
            Write(path, value);
        }
    }

    /// <summary>A file that holds one number; null when there is no such file (any more).</summary>
    internal static long? ReadNumber(string path) =>
        ReadText(path) is { } text && long.TryParse(text.AsSpan().Trim(), CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>The number after <paramref name="key"/> in a file of <c>key number</c> lines; 0 when it is not there.</summary>
    internal static long ReadKeyed(string path, string key)
    {
        foreach (ReadOnlySpan<char> line in (ReadText(path) ?? string.Empty).AsSpan().EnumerateLines())
        {
            if (line.Length > key.Length && line[key.Length] == ' ' && line.StartsWith(key, StringComparison.Ordinal))
            {
                return long.Parse(line[(key.Length + 1)..], CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }

    internal static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null; // The group is gone, or this kernel does not have the file.
        }
    }
}
