using System.Buffers;
using Virga.Composition.Dags.Steps;
using Virga.State.Binary;

namespace Virga.Composition.Dags.Messages;

/// <summary>The binary form of a step's value: 0 for none, or 1, its media type (empty for JSON) and its bytes.</summary>
internal static class ValueForm
{
    public static void Write(IBufferWriter<byte> output, StepValue? value)
    {
        if (value is null)
        {
            output.WriteByte(0);
            return;
        }

        output.WriteByte(1);
        output.WriteText(value.ContentType ?? "");
        output.WriteVarint((ulong)value.Body.Length);
        foreach (var piece in value.Body)
        {
            output.Write(piece.Span);
        }
    }

    /// <exception cref="StateEncodingException">It is none.</exception>
    public static StepValue? Read(ref ByteReader reader)
    {
        if (reader.ReadByte() == 0)
        {
            return null;
        }

        var type = reader.ReadText();
        var bytes = reader.ReadBytes();
        var rented = ArrayPool<byte>.Shared.Rent(Math.Max(1, bytes.Length));
        bytes.CopyTo(rented);
        return StepValue.Rented(rented, bytes.Length, type.Length == 0 ? null : type);
    }
}
