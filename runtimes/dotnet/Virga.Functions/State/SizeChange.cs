namespace Virga.Functions;

/// <summary>What became of a collection.</summary>
/// <param name="Size">The number of elements that it has now.</param>
/// <param name="Added">How many of those that were added were new, where the kind of collection tells.</param>
/// <param name="Removed">How many of those that were removed were there, where the kind of collection tells.</param>
public sealed record SizeChange(int Size, int Added, int Removed);
