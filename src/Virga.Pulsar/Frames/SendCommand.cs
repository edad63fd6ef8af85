using System.Runtime.InteropServices;
using Virga.Topics.Wire;

namespace Virga.Pulsar.Frames;

/// <summary>SEND: an entry for a producer's topic.</summary>
/// <param name="ProducerId">The producer, as its connection numbers them.</param>
/// <param name="SequenceId">The number of its first message.</param>
/// <param name="HighestSequenceId">The number of its last one; 0 where the client does not say.</param>
/// <param name="HasTransaction">Whether it belongs to a transaction.</param>
/// <param name="IsMarker">Whether it is what brokers write for each other.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SendCommand(long ProducerId, long SequenceId, long HighestSequenceId, bool HasTransaction, bool IsMarker)
{
    /// <summary>Reads it.</summary>
    /// <exception cref="FrameException">It is none.</exception>
    public static SendCommand Read(ReadOnlySpan<byte> body)
    {
        var reader = new ProtoReader(body);
        long producer = 0, sequence = 0, highest = 0;
        bool hasTransaction = false, isMarker = false;
        var required = 0;
        while (reader.Next())
        {
            if (reader.Wire != WireType.Varint)
            {
                continue;
            }

            switch (reader.Field)
            {
                case 1:
                    producer = reader.Signed;
                    required |= 1;
                    break;
                case 2:
                    sequence = reader.Signed;
                    required |= 2;
                    break;
                case 4 or 5:
                    hasTransaction |= reader.Number != 0;
                    break;
                case 6:
                    highest = reader.Signed;
                    break;
                case 8:
                    isMarker = reader.Flag;
                    break;
            }
        }

        return reader.IsMalformed || required != 3 ? throw new FrameException("A SEND command cannot be read.") : new SendCommand(producer, sequence, highest, hasTransaction, isMarker);
    }
}
