namespace Virga.Functions;

/// <summary>What a key holds, with its version.</summary>
/// <typeparam name="T">What the value is read as.</typeparam>
/// <param name="Value">The value; of several that were written at the same time the first, which is the same one everywhere.</param>
/// <param name="Version">The version, for a conditional put.</param>
/// <param name="Siblings">Every value that was written at the same time, where the consistency keeps them; else the one.</param>
public sealed record Versioned<T>(T? Value, StateVersion Version, IReadOnlyList<T?> Siblings);
