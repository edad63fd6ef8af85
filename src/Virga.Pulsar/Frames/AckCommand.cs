using System.Runtime.InteropServices;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;
using Virga.Topics.Wire;

namespace Virga.Pulsar.Frames;

/// <summary>ACK: a consumer is done with messages.</summary>
/// <param name="ConsumerId">The consumer, as its connection numbers them.</param>
/// <param name="IsCumulative">Whether all up to the last of them are meant.</param>
/// <param name="HasTransaction">Whether it belongs to a transaction.</param>
/// <param name="RequestId">What the client wants an answer to; null for no answer.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AckCommand(long ConsumerId, bool IsCumulative, bool HasTransaction, long? RequestId)
{
    /// <summary>Reads it.</summary>
    /// <param name="body">The command.</param>
    /// <param name="acks">Takes what is acknowledged; emptied first.</param>
    /// <exception cref="FrameException">It is none.</exception>
    public static AckCommand Read(ReadOnlySpan<byte> body, List<BatchAck> acks)
    {
        acks.Clear();
        var reader = new ProtoReader(body);
        long consumer = 0;
        long? request = null;
        bool isCumulative = false, hasTransaction = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.Wire == WireType.Varint:
                    consumer = reader.Signed;
                    break;
                case 2 when reader.Wire == WireType.Varint:
                    isCumulative = reader.Number == 1;
                    break;
                case 3 when reader.Wire == WireType.Bytes:
                    acks.Add(ReadAck(reader.Bytes));
                    break;
                case 6 or 7 when reader.Wire == WireType.Varint:
                    hasTransaction |= reader.Number != 0;
                    break;
                case 8 when reader.Wire == WireType.Varint:
                    request = reader.Signed;
                    break;
            }
        }

        // A client that numbers its one consumer 0 may leave the number out; without a message id it acknowledges nothing.
        return reader.IsMalformed ? throw new FrameException("An ACK command cannot be read.") : new AckCommand(consumer, isCumulative, hasTransaction, request);
    }

    private static BatchAck ReadAck(ReadOnlySpan<byte> body)
    {
        var reader = new ProtoReader(body);
        long ledger = 0, entry = 0;
        List<long>? set = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.Wire == WireType.Varint:
                    ledger = reader.Signed;
                    break;
                case 2 when reader.Wire == WireType.Varint:
                    entry = reader.Signed;
                    break;
                case 5 when reader.Wire == WireType.Varint:
                    (set ??= []).Add(reader.Signed);
                    break;
                case 5 when reader.Wire == WireType.Bytes:
                    ReadPacked(reader.Bytes, set ??= []);
                    break;
            }
        }

        return reader.IsMalformed ? throw new FrameException("The message id of an ACK command cannot be read.") : new BatchAck(new Position(ledger, entry), set?.ToArray());
    }

    // Numbers one behind the other, as some encoders write repeated ones.
    private static void ReadPacked(ReadOnlySpan<byte> packed, List<long> into)
    {
        while (!packed.IsEmpty)
        {
            ulong value = 0;
            var length = 0;
            do
            {
                if (length == packed.Length || length == 10)
                {
                    throw new FrameException("The set of acknowledged messages of an ACK command cannot be read.");
                }

                value |= (ulong)(packed[length] & 0x7f) << (7 * length);
            }
            while (packed[length++] >= 0x80);
            into.Add(unchecked((long)value));
            packed = packed[length..];
        }
    }
}
