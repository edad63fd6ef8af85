using System.Text;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Packages;

/// <summary>Checks the paths that stand in an upload.</summary>
internal static class PackagePath
{
    private const int MaxPathBytes = 1024;
    private const int MaxSegmentBytes = 255;

    /// <summary>Refuses what is no plain relative path within the package.</summary>
    public static void Check(string path)
    {
        var shown = Printable(path);
        if (path.Length == 0)
        {
            throw Refused("An entry has no name.");
        }

        if (path[0] == '/' || (path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0])))
        {
            throw Refused($"The entry '{shown}' has an absolute path.");
        }

        if (path.Contains('\\', StringComparison.Ordinal))
        {
            throw Refused($"The entry '{shown}' has a backslash in its name; paths are written with '/'.");
        }

        if (path.Any(char.IsControl))
        {
            throw Refused($"The entry '{shown}' has a control character in its name.");
        }

        if (path.Contains('\uFFFD', StringComparison.Ordinal))
        {
            throw Refused($"The name of the entry '{shown}' is not UTF-8.");
        }

        if (Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
        {
            throw Refused($"The entry '{shown}' has a path of more than {MaxPathBytes:N0} bytes.");
        }

        foreach (var segment in path.TrimEnd('/').Split('/'))
        {
            if (segment is "" or "." or "..")
            {
                throw Refused($"The entry '{shown}' has the segment '{segment}' in its path, which could lead out of the package.");
            }

            if (Encoding.UTF8.GetByteCount(segment) > MaxSegmentBytes)
            {
                throw Refused($"The entry '{shown}' has a name of more than {MaxSegmentBytes} bytes.");
            }
        }
    }

    /// <summary>A path fit for a message: short and without control characters.</summary>
    public static string Printable(string path) => string.Concat(ResourceName.Shorten(path).Select(c => char.IsControl(c) ? '?' : c));

    public static ProblemException Refused(string detail) =>
        new(KnownProblems.InvalidPackage(detail, "Make the zip from within the function's folder, as `zip -r package.zip .` does."));
}
