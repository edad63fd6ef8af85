namespace Virga.Control.Builds;

/// <summary>One error that a compiler found.</summary>
/// <param name="File">Path within the package; empty when it belongs to none.</param>
/// <param name="Line">Line, counted from 1; 0 when not known.</param>
/// <param name="Column">Column, counted from 1; 0 when not known.</param>
/// <param name="Id">The compiler's own number of the error, such as <c>CS1002</c>; null when it has none.</param>
/// <param name="Message">What is wrong.</param>
internal sealed record BuildDiagnostic(string? File, int Line, int Column, string? Id, string Message)
{
    public override string ToString()
    {
        var place = string.IsNullOrEmpty(File) ? "" : Line > 0 ? $"{File}:{Line}:{Column}: " : $"{File}: ";
        return Id is null ? place + Message : $"{place}{Id}: {Message}";
    }
}
