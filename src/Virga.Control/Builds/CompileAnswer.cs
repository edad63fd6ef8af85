namespace Virga.Control.Builds;

/// <summary>One line from the compiler process.</summary>
internal sealed record CompileAnswer(int Id, bool Ok, string? Assembly, List<BuildDiagnostic>? Diagnostics);
