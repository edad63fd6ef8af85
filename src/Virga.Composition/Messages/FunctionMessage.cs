using System.Buffers;
using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.Composition.Messages;

/// <summary>What one running function sends another.</summary>
/// <param name="Sender">The id of the sender.</param>
/// <param name="Value">The message.</param>
internal readonly record struct FunctionMessage(string Sender, Payload Value)
{
    /// <summary>The greatest value, in bytes.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>What it occupies, roughly.</summary>
    public int Size => Value.Bytes.Length + (Sender.Length * 2) + 64;

    /// <summary>Writes it; <see cref="Read"/> reads it back.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteText(Sender);
        output.WriteBytes(Value.Bytes.Span);
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="StateEncodingException">It cannot be read.</exception>
    public static FunctionMessage Read(ref ByteReader reader)
    {
        var sender = reader.ReadText();
        var value = reader.ReadBytes();
        return value.IsEmpty || value[0] > (byte)PayloadTag.Text
            ? throw new StateEncodingException("A message begins with its tag, 0 to 2.")
            : new FunctionMessage(sender, new Payload(value.ToArray()));
    }
}
