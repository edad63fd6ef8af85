namespace Virga.Functions;

/// <summary>A key that exists.</summary>
/// <param name="Key">The key.</param>
/// <param name="Kind">What kind of value it holds, such as <c>counter</c>.</param>
public readonly record struct StateEntry(string Key, string Kind);
