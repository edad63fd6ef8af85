using Virga.Core.Names;

namespace Virga.Control.Metadata;

/// <summary>One version of a function as the store keeps it; it never changes.</summary>
/// <param name="Function">Whose version it is.</param>
/// <param name="Version">Its number, counted from 1.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Spec">What its author asked for, as JSON.</param>
/// <param name="Package">Digest of the package as uploaded.</param>
/// <param name="BuiltPackage">Digest of the package that the worker loads.</param>
public sealed record StoredFunctionVersion(FunctionName Function, int Version, DateTimeOffset CreatedAt, string Spec, string Package, string BuiltPackage);
