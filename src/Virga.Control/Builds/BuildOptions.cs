namespace Virga.Control.Builds;

/// <summary>Where the programs are that turn sources into what workers load.</summary>
public sealed record BuildOptions
{
    /// <summary>The node executable: a path, or a name that is looked up in PATH.</summary>
    public string NodePath { get; init; } = "node";

    /// <summary>The script that bundles TypeScript; null when this node has none.</summary>
    public string? TypeScriptBuilderPath { get; init; }

    /// <summary>The dotnet host, for a compiler that is a <c>.dll</c>.</summary>
    public string DotnetPath { get; init; } = "dotnet";

    /// <summary>The C# compiler process: an executable or a <c>.dll</c>; null when this node has none.</summary>
    public string? CSharpCompilerPath { get; init; }

    /// <summary>How long one build may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the compiler process is kept without work.</summary>
    public TimeSpan CompilerIdleTime { get; init; } = TimeSpan.FromMinutes(2);
}
