using System.Runtime.InteropServices;

namespace Virga.Streams.Windows;

/// <summary>The part of time that a window covers, in milliseconds since 1970. Of a window by count: the times of its first and last message.</summary>
/// <param name="Start">Its beginning, included.</param>
/// <param name="End">Its end, not included.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct WindowSpan(long Start, long End);
