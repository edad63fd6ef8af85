namespace Virga.Functions;

/// <summary>A value that was added often.</summary>
/// <typeparam name="T">The values.</typeparam>
/// <param name="Value">The value.</param>
/// <param name="Count">How often, at most.</param>
/// <param name="Error">How much less it may be.</param>
public readonly record struct FrequentValue<T>(T Value, ulong Count, ulong Error);
