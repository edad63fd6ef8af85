using System.Runtime.InteropServices;

namespace Virga.Functions;

/// <summary>How full a Bloom filter is.</summary>
/// <param name="Estimate">How many different values there are, about.</param>
/// <param name="FalsePositives">How likely a value that was not added is found.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BloomEstimate(long Estimate, double FalsePositives);
