namespace Virga.EndToEnd.Tests.Support;

/// <summary>The built product in this repository.</summary>
internal static class Installation
{
    private const string Solution = "virga.slnx";

    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The executable that <c>./dev build</c> leaves.</summary>
    public static string Executable { get; } = FindExecutable();

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, Solution)))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"No folder above '{AppContext.BaseDirectory}' holds {Solution}: these tests run within the repository.");
    }

    private static string FindExecutable()
    {
        var path = Path.Combine(Root, "bin", "virga");
        return File.Exists(path) ? path : throw new InvalidOperationException($"'{path}' is missing: run ./dev build first.");
    }
}
