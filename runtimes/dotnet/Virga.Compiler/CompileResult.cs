namespace Virga.Compiler;

/// <summary>What came of a compilation.</summary>
/// <param name="Id">The request's.</param>
/// <param name="Ok">Whether there is an assembly.</param>
/// <param name="Assembly">The assembly's path.</param>
/// <param name="Handlers">Every public static method, as <c>Type.Method</c>.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Warnings">What the compiler warned of.</param>
/// <param name="Diagnostics">Why there is no assembly.</param>
internal sealed record CompileResult(
    long Id,
    bool Ok,
    string? Assembly = null,
    IReadOnlyList<string>? Handlers = null,
    double? Milliseconds = null,
    IReadOnlyList<SourceDiagnostic>? Warnings = null,
    IReadOnlyList<SourceDiagnostic>? Diagnostics = null);
