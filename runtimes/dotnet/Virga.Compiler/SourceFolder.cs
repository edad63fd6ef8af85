using System.Text;
using Microsoft.CodeAnalysis.Text;

namespace Virga.Compiler;

/// <summary>The C# files of a function, and the libraries that lie beside them.</summary>
internal sealed record SourceFolder(string Root, IReadOnlyList<string> Files, IReadOnlyList<string> Libraries)
{
    private const string LibraryFolder = "lib";

    // A link to a folder may lead to its own parent, and then has no end; a link to a file would compile it twice.
    private static readonly EnumerationOptions WithoutLinks = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = false,
    };

    /// <exception cref="IOException">The source cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The source may not be read.</exception>
    public static SourceFolder Open(string source)
    {
        if (File.Exists(source))
        {
            return new SourceFolder(Path.GetDirectoryName(Path.GetFullPath(source))!, [Path.GetFullPath(source)], []);
        }

        string root = Path.GetFullPath(source);

        // Sorted, so that the same sources give the same assembly on every file system.
        List<string> files =
        [
            .. Directory.EnumerateFiles(root, "*.cs", WithoutLinks)
                .Where(file => !IsBuildOutput(Path.GetRelativePath(root, file)))
                .Order(StringComparer.Ordinal),
        ];
        string lib = Path.Combine(root, LibraryFolder);
        List<string> libraries = Directory.Exists(lib) ? [.. Directory.EnumerateFiles(lib, "*.dll").Order(StringComparer.Ordinal)] : [];
        return new SourceFolder(root, files, libraries);
    }

    public string RelativePath(string file) => Path.GetRelativePath(Root, file);

    public static SourceText Read(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return SourceText.From(stream, Encoding.UTF8, SourceHashAlgorithm.Sha256, canBeEmbedded: true);
    }

    private static bool IsBuildOutput(string relative) =>
        relative.StartsWith("bin/", StringComparison.Ordinal) || relative.StartsWith("obj/", StringComparison.Ordinal);
}
