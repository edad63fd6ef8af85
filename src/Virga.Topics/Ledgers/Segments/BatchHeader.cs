using System.Runtime.InteropServices;

namespace Virga.Topics.Ledgers.Segments;

/// <summary>What stands before the frames of a batch, but for where it is.</summary>
/// <param name="BodyBytes">The length of the frames.</param>
/// <param name="Durable">How much of the file was on disk when it was written.</param>
/// <param name="Frames">How many there are.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BatchHeader(int BodyBytes, long Durable, int Frames);
