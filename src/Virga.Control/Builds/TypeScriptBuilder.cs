using System.Diagnostics;
using System.IO.Enumeration;
using System.Text.Json;
using Virga.Core.Resources;

namespace Virga.Control.Builds;

/// <summary>Bundles TypeScript with the script of the node runtime: one process per build, its diagnostics as JSON on standard output.</summary>
internal sealed class TypeScriptBuilder(BuildOptions options) : IPackageBuilder
{
    private const string DeclarationSuffix = ".d.ts";

    private const string BundleName = "index.mjs";

    private static readonly string[] Extensions = [".ts", ".mts", ".cts", ".tsx"];

    // Those of build-typescript.mjs.
    private static readonly string[] Entries = ["index.ts", "index.mts", "main.ts", "handler.ts", "src/index.ts"];

    private static readonly string[] JavaScriptEntries = [BundleName, "index.js", "index.cjs"];

    public PackageBuild Kind => PackageBuild.TypeScript;

    public string Version => BuilderVersion.Of("ts", options.TypeScriptBuilderPath);

    /// <summary>
    /// By the manifest's main module; else by an entry module of TypeScript; else by any TypeScript at the top, unless there is an entry module of JavaScript:
    /// beside one, TypeScript such as the configuration of a test runner is no part of the function.
    /// </summary>
    public bool IsNeeded(string source) =>
        ReadMain(source) is { } main
            ? IsTypeScript(main)
            : Array.Exists(Entries, entry => File.Exists(Path.Combine(source, entry)))
                || (!Array.Exists(JavaScriptEntries, entry => File.Exists(Path.Combine(source, entry))) && Directory.EnumerateFiles(source).Any(IsTypeScript));

    public async Task BuildAsync(string source, string output, CancellationToken cancellation)
    {
        if (options.TypeScriptBuilderPath is not { } script)
        {
            throw BuildFailures.NoBuilder("TypeScript builder", "Deploy JavaScript, or set the path of build-typescript.mjs in the node's configuration.");
        }

        var start = new ProcessStartInfo(options.NodePath, [script, source, Path.Combine(output, BundleName)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = source,
        };
        using var process = BuilderProcess.Start(start);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.Timeout);
        try
        {
            process.StandardInput.Close();
            var said = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await Task.WhenAll(said, errors, process.WaitForExitAsync(limit.Token));
            var diagnostics = ReadDiagnostics(await said);
            if (process.ExitCode != 0)
            {
                throw BuildFailures.Failed(diagnostics.Count > 0 ? diagnostics : [new BuildDiagnostic(null, 0, 0, null, (await errors).Trim())]);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw BuildFailures.TimedOut(options.Timeout);
        }
        finally
        {
            BuilderProcess.End(process);
        }

        CopyAssets(source, output, cancellation);
    }

    // The bundle holds all code; what the function reads at run time (templates, data) stays beside it.
    private static void CopyAssets(string source, string output, CancellationToken cancellation)
    {
        // Links to folders are not followed: one that leads to its own parent has no end.
        var files = new FileSystemEnumerable<string>(source, static (ref entry) => entry.ToFullPath(), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false })
        {
            ShouldIncludePredicate = static (ref entry) => !entry.IsDirectory,
            ShouldRecursePredicate = static (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        foreach (var path in files)
        {
            cancellation.ThrowIfCancellationRequested();
            var relative = Path.GetRelativePath(source, path);
            if (IsCode(relative))
            {
                continue;
            }

            var target = Path.Combine(output, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }

    private static bool IsCode(string relative) =>
        relative.Split(Path.DirectorySeparatorChar)[0] == "node_modules"
        || Array.Exists(Extensions, extension => relative.EndsWith(extension, StringComparison.Ordinal))
        || relative is BundleName or "package.json" or "package-lock.json" or "tsconfig.json";

    private static bool IsTypeScript(string path) =>
        Extensions.Any(extension => path.EndsWith(extension, StringComparison.Ordinal)) && !path.EndsWith(DeclarationSuffix, StringComparison.Ordinal);

    // The main module that package.json names; null when it names none, or one that is not there: `npm init` writes index.js before there is any.
    private static string? ReadMain(string source)
    {
        var manifest = Path.Combine(source, "package.json");
        if (!File.Exists(manifest))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(manifest));
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("main", out var main)
                && main.ValueKind == JsonValueKind.String
                && File.Exists(Path.Combine(source, main.GetString()!))
                    ? main.GetString()
                    : null;
        }
        catch (JsonException)
        {
            // Node itself says, with the file's name, what is wrong with a manifest when it loads the package.
            return null;
        }
    }

    // Either a list of diagnostics, or an object with the list in "diagnostics".
    private static IReadOnlyList<BuildDiagnostic> ReadDiagnostics(string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var root = document.RootElement;
            var list = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("diagnostics", out var member) ? member : root;
            return list.ValueKind == JsonValueKind.Array ? list.Deserialize(BuildJson.Default.ListBuildDiagnostic) ?? [] : [];
        }
        catch (JsonException)
        {
            return output.Trim() is { Length: > 0 } text ? [new BuildDiagnostic(null, 0, 0, null, text)] : [];
        }
    }
}
