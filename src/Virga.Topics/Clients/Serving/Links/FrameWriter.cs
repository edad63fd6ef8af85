using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>Writes what nodes send each other about topics: numbers in little endian, everything else behind its length.</summary>
internal sealed class FrameWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>The beginning of a frame.</summary>
    /// <param name="channel">Which channel; the opener's number for it.</param>
    /// <param name="isToOwner">Who of the two sends it.</param>
    /// <param name="number">Which frame in its direction, from 1.</param>
    /// <param name="kind">What it says.</param>
    public static FrameWriter Frame(long channel, bool isToOwner, long number, FrameKind kind) => new FrameWriter().Number(channel).Flag(isToOwner).Number(number).Byte((byte)kind);

    public FrameWriter Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
        return this;
    }

    public FrameWriter Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public FrameWriter Number(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(sizeof(long)), value);
        _buffer.Advance(sizeof(long));
        return this;
    }

    public FrameWriter Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        _buffer.Write(value);
        return this;
    }

    public FrameWriter Text(string value) => Bytes(Encoding.UTF8.GetBytes(value));

    public FrameWriter Position(Position value) => Number(value.Ledger).Number(value.Entry);

    public FrameWriter Message(MessageId value) => Position(value.Position).Number(value.Partition).Number(value.BatchIndex);

    public FrameWriter Time(DateTimeOffset? value) => Number(value?.ToUnixTimeMilliseconds() ?? long.MinValue);

    public FrameWriter Bits(long[]? value)
    {
        Number(value?.Length ?? -1);
        foreach (var word in value ?? [])
        {
            Number(word);
        }

        return this;
    }

    public FrameWriter Pairs(IReadOnlyList<KeyValuePair<string, string>> value)
    {
        Number(value.Count);
        foreach (var (name, text) in value)
        {
            Text(name).Text(text);
        }

        return this;
    }

    public FrameWriter Problem(Problem value) => Text(value.Type).Text(value.Title).Number(value.Status).Byte((byte)value.Fault).Text(value.Detail ?? "").Text(value.Fix ?? "");
}
