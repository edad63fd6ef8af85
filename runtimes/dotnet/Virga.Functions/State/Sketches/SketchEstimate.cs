using System.Runtime.InteropServices;

namespace Virga.Functions;

/// <summary>An estimated number of values.</summary>
/// <param name="Estimate">The likeliest number.</param>
/// <param name="Low">It is hardly less: in 95 of 100 cases it lies between both.</param>
/// <param name="High">It is hardly more.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SketchEstimate(long Estimate, long Low, long High);
