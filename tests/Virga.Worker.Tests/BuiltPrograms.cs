using System.Diagnostics;
using System.Reflection;

namespace Virga.Worker.Tests;

/// <summary>The worker and the compiler as the build left them.</summary>
internal static class BuiltPrograms
{
    public static Process StartWorker() => Start("Virga.Worker", "virga-worker");

    public static Process StartCompiler() => Start("Virga.Compiler", "virga-compiler");

    private static Process Start(string project, string program) => Process.Start(
        new ProcessStartInfo(Path.Combine(Metadata("Runtimes"), project, Metadata("Output"), program))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException($"{program} did not start.");

    private static string Metadata(string key) => typeof(BuiltPrograms).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => string.Equals(attribute.Key, key, StringComparison.Ordinal))
        .Value!;
}
