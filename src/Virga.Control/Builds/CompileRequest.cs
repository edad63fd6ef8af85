namespace Virga.Control.Builds;

/// <summary>One line to the compiler process.</summary>
internal sealed record CompileRequest(int Id, string Source, string Output, string AssemblyName);
