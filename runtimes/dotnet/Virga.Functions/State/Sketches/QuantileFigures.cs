namespace Virga.Functions;

/// <summary>The usual figures of a distribution.</summary>
/// <param name="Count">How many numbers there are.</param>
/// <param name="Min">The least.</param>
/// <param name="P50">The median.</param>
/// <param name="P90">What 90 of 100 are not greater than.</param>
/// <param name="P99">What 99 of 100 are not greater than.</param>
/// <param name="P999">What 999 of 1,000 are not greater than.</param>
/// <param name="Max">The greatest.</param>
public sealed record QuantileFigures(ulong Count, double? Min, double? P50, double? P90, double? P99, double? P999, double? Max);
