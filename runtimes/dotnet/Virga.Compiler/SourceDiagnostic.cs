namespace Virga.Compiler;

/// <summary>What the compiler found, and where.</summary>
/// <param name="File">Relative to the source folder; empty when it concerns no file.</param>
/// <param name="Line">From 1; 0 when it concerns no line.</param>
/// <param name="Column">From 1; 0 when it concerns no column.</param>
/// <param name="Id">The compiler's own id, such as CS1002, or one of VIRGA001 (no sources) and VIRGA002 (unreadable input).</param>
/// <param name="Message">What is wrong.</param>
internal sealed record SourceDiagnostic(string File, int Line, int Column, string Id, string Message);
