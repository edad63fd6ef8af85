using System.Buffers.Binary;
using Virga.Topics.Wire;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Frames;

/// <summary>The command of a frame, as far as it must be known to see who reads the rest.</summary>
internal readonly ref struct Command
{
    private Command(CommandType type, ReadOnlySpan<byte> whole, ReadOnlySpan<byte> body, ReadOnlySpan<byte> entry)
    {
        Type = type;
        Whole = whole;
        Body = body;
        Entry = entry;
    }

    /// <summary>Which one.</summary>
    public CommandType Type { get; }

    /// <summary>The command with its type.</summary>
    public ReadOnlySpan<byte> Whole { get; }

    /// <summary>The message of the type, whose field has the type's number.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>What follows the command: an entry, or nothing.</summary>
    public ReadOnlySpan<byte> Entry { get; }

    /// <summary>Reads the command of a frame.</summary>
    /// <param name="frame">The frame without its own size.</param>
    /// <exception cref="FrameException">It is none.</exception>
    public static Command Read(ReadOnlySpan<byte> frame)
    {
        var size = BinaryPrimitives.ReadUInt32BigEndian(frame);
        if (size > (uint)(frame.Length - sizeof(int)))
        {
            throw new FrameException($"A command says that it has {size} bytes, in a frame of {frame.Length}.");
        }

        var whole = frame.Slice(sizeof(int), (int)size);
        var reader = new ProtoReader(whole);
        var type = CommandType.None;
        ReadOnlySpan<byte> body = default;
        while (reader.Next())
        {
            if (reader.Field == 1 && reader.Wire == WireType.Varint)
            {
                type = (CommandType)reader.Int32;
            }
            else if (reader.Wire == WireType.Bytes && (type == CommandType.None || reader.Field == (int)type))
            {
                body = reader.Bytes;
            }
        }

        if (reader.IsMalformed || type == CommandType.None)
        {
            throw new FrameException("A command cannot be read.");
        }

        return new Command(type, whole, body, frame[(sizeof(int) + (int)size)..]);
    }
}
