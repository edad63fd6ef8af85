using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>A version of a function as the API shows it.</summary>
/// <param name="Version">Its number.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Spec">What its author asked for.</param>
/// <param name="BuiltPackage">Digest of what its worker loads.</param>
/// <param name="Live">Whether calls without a qualifier go to it.</param>
/// <param name="Aliases">The aliases that lead to it, as target or as alternate.</param>
public sealed record FunctionVersionDocument(int Version, DateTimeOffset CreatedAt, FunctionSpec Spec, string BuiltPackage, bool Live, IReadOnlyList<string> Aliases);
