namespace Virga.Functions;

/// <summary>A member of an ordered set.</summary>
/// <typeparam name="T">The members.</typeparam>
/// <param name="Member">The member.</param>
/// <param name="Score">Its score.</param>
public readonly record struct Scored<T>(T Member, double Score);
