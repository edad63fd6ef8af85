using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Virga.Worker.Channel;

/// <summary>A frame under construction. Rented from a <see cref="FrameWriter"/>, which takes it back.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The writer is reset and used again; it holds nothing but this buffer.")]
internal sealed class FrameBuffer : IBufferWriter<byte>
{
    private const int InitialSize = 4 * 1024;

    /// <summary>A larger buffer is not kept for the next frame.</summary>
    private const int LargestKept = FrameLimits.StreamedBody + FrameLimits.Head;

    private readonly Utf8JsonWriter json;
    private byte[] bytes = new byte[InitialSize];
    private int length;

    public FrameBuffer() => json = new Utf8JsonWriter(
        this,
        new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>The frame so far.</summary>
    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, length);

    public ReadOnlySpan<byte> Body => bytes.AsSpan(BodyStart, BodyLength);

    public int BodyStart { get; private set; }

    public int BodyLength => length - BodyStart;

    public bool IsWorthKeeping => bytes.Length <= LargestKept;

    public void Begin(FrameKind kind, uint call)
    {
        bytes[4] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(5), call);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(9), 0);
        length = BodyStart = FrameLimits.Head;
    }

    /// <summary>A JSON writer at the end of the frame. Flush it, or end the header, before anything else is added.</summary>
    public Utf8JsonWriter Json()
    {
        json.Reset();
        return json;
    }

    /// <summary>What was written since <see cref="Begin"/> is the header; the body follows.</summary>
    public void EndHeader()
    {
        json.Flush();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(9), (uint)(length - FrameLimits.Head));
        BodyStart = length;
    }

    public void End() => BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)(length - FrameLimits.Prefix));

    public void Append(ReadOnlySpan<byte> source)
    {
        Reserve(source.Length);
        source.CopyTo(bytes.AsSpan(length));
        length += source.Length;
    }

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 256));
        return bytes.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    private void Reserve(int count)
    {
        if (bytes.Length - length < count)
        {
            Array.Resize(ref bytes, Math.Max(length + count, 2 * bytes.Length));
        }
    }
}
