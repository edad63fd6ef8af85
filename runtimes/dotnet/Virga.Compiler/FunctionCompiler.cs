using System.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;
using Virga.Functions;

namespace Virga.Compiler;

/// <summary>Compiles the C# sources of one function to one assembly. The same sources give the same bytes.</summary>
internal sealed class FunctionCompiler
{
    private const string GlobalUsings =
        """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Text;
        global using System.Text.Json;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Virga.Functions;
        """;

    private const string Example =
        """
        public static class Example
        {
            public static async Task<object> Handler(Event request, Context context)
            {
                await Task.Yield();
                context.Log.Info("hello", new { count = 1 });
                var names = new List<string> { request.Query["name"] ?? "world" }.Select(name => name.Trim()).ToArray();
                return new { message = $"Hello, {names[0]}!", names.Length };
            }
        }
        """;

    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Latest, DocumentationMode.None);

    private static readonly EmitOptions Emitting = new(debugInformationFormat: DebugInformationFormat.Embedded);

    private readonly SyntaxTree usings = CSharpSyntaxTree.ParseText(GlobalUsings, Parsing, "GlobalUsings.g.cs", System.Text.Encoding.UTF8);
    private readonly CSharpCompilation template;

    public FunctionCompiler()
    {
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            optimizationLevel: OptimizationLevel.Release,
            allowUnsafe: true,
            concurrentBuild: true,
            deterministic: true,
            nullableContextOptions: NullableContextOptions.Enable);

        // Compilations made from this one share what was read of the framework's metadata.
        template = CSharpCompilation.Create("function", [usings], FrameworkReferences(), options);
    }

    /// <summary>Compiles a small function and throws the result away, so that the first real one finds the compiler warm.</summary>
    public void WarmUp()
    {
        SyntaxTree tree = Parse("Example.cs", SourceText.From(Example, System.Text.Encoding.UTF8));
        using var nowhere = new MemoryStream();
        template.AddSyntaxTrees(tree).Emit(nowhere, options: Emitting);
    }

    public CompileResult Compile(CompileRequest request)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            SourceFolder folder = SourceFolder.Open(request.Source);
            return folder.Files.Count == 0
                ? Failed(request, new SourceDiagnostic(string.Empty, 0, 0, "VIRGA001", "The folder holds no C# file (.cs)."))
                : Compile(request, folder, started);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Failed(request, new SourceDiagnostic(string.Empty, 0, 0, "VIRGA002", exception.Message));
        }
    }

    private CompileResult Compile(CompileRequest request, SourceFolder folder, long started)
    {
        string name = request.AssemblyName ?? "function";
        CSharpCompilation compilation = template
            .WithAssemblyName(name)
            .AddSyntaxTrees(folder.Files.Select(file => Parse(folder.RelativePath(file), SourceFolder.Read(file))));
        if (folder.Libraries.Count > 0)
        {
            compilation = compilation.AddReferences(folder.Libraries.Select(library => MetadataReference.CreateFromFile(library)));
        }

        using var image = new MemoryStream();
        EmitResult emitted = compilation.Emit(image, options: Emitting);
        if (!emitted.Success)
        {
            return Failed(request, Report(emitted, DiagnosticSeverity.Error));
        }

        string assembly = Write(request.Output, name, image, folder.Libraries);
        return new CompileResult(
            request.Id,
            Ok: true,
            assembly,
            [.. PublicHandlers.Of(compilation.Assembly.GlobalNamespace)],
            Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            Report(emitted, DiagnosticSeverity.Warning));
    }

    private static string Write(string output, string name, MemoryStream image, IReadOnlyList<string> libraries)
    {
        Directory.CreateDirectory(output);
        string assembly = Path.Combine(output, name + ".dll");
        using (FileStream file = File.Create(assembly))
        {
            image.WriteTo(file);
        }

        foreach (string library in libraries)
        {
            File.Copy(library, Path.Combine(output, Path.GetFileName(library)), overwrite: true);
        }

        return assembly;
    }

    private static SyntaxTree Parse(string path, SourceText text) => CSharpSyntaxTree.ParseText(text, Parsing, path);

    private static CompileResult Failed(CompileRequest request, params SourceDiagnostic[] diagnostics) =>
        new(request.Id, Ok: false, Diagnostics: diagnostics);

    private static SourceDiagnostic[] Report(EmitResult emitted, DiagnosticSeverity severity) =>
    [
        .. emitted.Diagnostics.Where(diagnostic => diagnostic.Severity == severity).Select(diagnostic =>
        {
            FileLinePositionSpan place = diagnostic.Location.GetMappedLineSpan();
            string message = diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture);
            return place.IsValid
                ? new SourceDiagnostic(place.Path, place.StartLinePosition.Line + 1, place.StartLinePosition.Character + 1, diagnostic.Id, message)
                : new SourceDiagnostic(string.Empty, 0, 0, diagnostic.Id, message);
        }),
    ];

    /// <summary>The framework on which this process runs is the one on which the function will.</summary>
    private static IEnumerable<MetadataReference> FrameworkReferences()
    {
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return Directory.EnumerateFiles(framework, "*.dll")
            .Append(typeof(Event).Assembly.Location)
            .Select(path => MetadataReference.CreateFromFile(path));
    }
}
