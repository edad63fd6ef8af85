using Virga.Core.Resources;

namespace Virga.Control.Builds;

/// <summary>Compiles C# sources in a process that stays, because the first compilation in a process takes a second and the next ones do not.</summary>
internal sealed class CSharpBuilder(BuildOptions options, CSharpCompiler compiler) : IPackageBuilder
{
    private static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    public PackageBuild Kind => PackageBuild.CSharp;

    public string Version => BuilderVersion.Of("cs", options.CSharpCompilerPath);

    public bool IsNeeded(string source) => Directory.EnumerateFiles(source, "*.cs", Everywhere).Any();

    public async Task BuildAsync(string source, string output, CancellationToken cancellation)
    {
        var answer = await compiler.CompileAsync(source, output, cancellation);
        if (!answer.Ok)
        {
            throw BuildFailures.Failed(answer.Diagnostics ?? []);
        }
    }
}
