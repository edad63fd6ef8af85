using System.Runtime.InteropServices;
using Virga.Topics.Wire;

namespace Virga.Pulsar.Frames;

/// <summary>FLOW: a consumer has room for further messages.</summary>
/// <param name="ConsumerId">The consumer, as its connection numbers them.</param>
/// <param name="Permits">For how many.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FlowCommand(long ConsumerId, int Permits)
{
    /// <summary>Reads it.</summary>
    /// <exception cref="FrameException">It is none.</exception>
    public static FlowCommand Read(ReadOnlySpan<byte> body)
    {
        var reader = new ProtoReader(body);
        long consumer = 0;
        ulong permits = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.Wire == WireType.Varint:
                    consumer = reader.Signed;
                    break;
                case 2 when reader.Wire == WireType.Varint:
                    permits = reader.Number;
                    break;
            }
        }

        return reader.IsMalformed ? throw new FrameException("A FLOW command cannot be read.") : new FlowCommand(consumer, (int)Math.Min(permits, int.MaxValue));
    }
}
