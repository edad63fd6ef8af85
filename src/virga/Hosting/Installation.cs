namespace Virga.Hosting;

/// <summary>Where this copy of Virga keeps its parts: <c>app/</c> (this program) and <c>runtimes/</c> lie side by side.</summary>
internal static class Installation
{
    /// <summary>Names another folder of runtimes.</summary>
    public const string RuntimesVariable = "VIRGA_RUNTIMES";

    /// <summary>The folder with a folder per runtime.</summary>
    public static string Runtimes { get; } = Path.GetFullPath(Environment.GetEnvironmentVariable(RuntimesVariable) ?? Path.Combine(AppContext.BaseDirectory, "..", "runtimes"));

    /// <summary>The root of the .NET that runs this program: the C# worker runs on the same.</summary>
    public static string DotnetRoot { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    /// <summary>The version of Virga.</summary>
    public static string Version { get; } = typeof(Installation).Assembly.GetName().Version!.ToString(3);

    /// <summary>Looks a program up in PATH; null when it is not there.</summary>
    public static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
