using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Virga.Core.Names;
using Virga.State.Binary;

namespace Virga.Composition.Dags.Messages;

/// <summary>What every message about a run begins with.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Run">Which run.</param>
/// <param name="Attempt">Which attempt of it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RunHeader(DagMessageKind Kind, InvocationId Run, int Attempt)
{
    public void Write(IBufferWriter<byte> output)
    {
        output.WriteByte((byte)Kind);
        Run.Format(output.GetSpan(InvocationId.TextLength));
        output.Advance(InvocationId.TextLength);
        output.WriteVarint((ulong)Attempt);
    }

    /// <exception cref="StateEncodingException">It is none.</exception>
    public static RunHeader Read(ref ByteReader reader)
    {
        var kind = (DagMessageKind)reader.ReadByte();
        Span<char> text = stackalloc char[InvocationId.TextLength];
        Encoding.ASCII.GetChars(reader.Take(InvocationId.TextLength), text);
        return InvocationId.TryParse(text, out var run) && Enum.IsDefined(kind)
            ? new RunHeader(kind, run, (int)Math.Min(reader.ReadVarint(), int.MaxValue))
            : throw new StateEncodingException("A message about a run names no run.");
    }
}
