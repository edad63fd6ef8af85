namespace Virga.Compiler;

/// <summary>What to compile.</summary>
/// <param name="Id">Repeated in the answer.</param>
/// <param name="Source">A folder of C# files, or one file.</param>
/// <param name="Output">The folder to write the assembly and its libraries to; it is made if needed.</param>
/// <param name="AssemblyName">The assembly's name; <c>function</c> when it is left out.</param>
internal sealed record CompileRequest(long Id, string Source, string Output, string? AssemblyName);
