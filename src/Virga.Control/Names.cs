using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control;

/// <summary>Reads names that users send.</summary>
internal static class Names
{
    /// <exception cref="ProblemException"><c>invalid-name</c>.</exception>
    public static ResourceName Require(string? text, string what) => ResourceName.TryParse(text, out var name)
        ? name
        : throw new ProblemException(KnownProblems.InvalidName($"'{Packages.PackagePath.Printable(text ?? "")}' is no valid {what}."));
}
