using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Virga.Functions.Wire;

/// <summary>A request to the platform under construction, in the binary form of docs/worker-protocol.md.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The JSON writer is reset and used again; it holds nothing but this buffer.")]
internal sealed class RequestWriter : IBufferWriter<byte>
{
    /// <summary>Bytes of a value, or of an argument: the node says the same, but more than the channel takes would end the instance.</summary>
    public const int GreatestValue = 16 * 1024 * 1024;

    private const int InitialSize = 1024;

    /// <summary>A larger buffer is not kept for the next request.</summary>
    private const int LargestKept = 256 * 1024;

    [ThreadStatic]
    private static RequestWriter? spare;

    private readonly Utf8JsonWriter json;
    private byte[] bytes = new byte[InitialSize];
    private int length;

    private RequestWriter() => json = new Utf8JsonWriter(
        this,
        new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, length);

    public int Length => length;

    /// <summary>An empty writer; <see cref="Return"/> takes it back.</summary>
    public static RequestWriter Rent()
    {
        RequestWriter writer = spare ?? new RequestWriter();
        spare = null;
        writer.length = 0;
        return writer;
    }

    public void Return()
    {
        if (bytes.Length <= LargestKept)
        {
            spare = this;
        }
    }

    public void Byte(byte value)
    {
        Reserve(1);
        bytes[length++] = value;
    }

    public void Varint(ulong value)
    {
        Reserve(10);
        while (value >= 0x80)
        {
            bytes[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[length++] = (byte)value;
    }

    public void Signed(long value) => Varint((ulong)((value << 1) ^ (value >> 63)));

    public void Raw(ReadOnlySpan<byte> source)
    {
        Reserve(source.Length);
        source.CopyTo(bytes.AsSpan(length));
        length += source.Length;
    }

    public void Text(string text)
    {
        int size = Encoding.UTF8.GetByteCount(text);
        Varint((ulong)size);
        Reserve(size);
        length += Encoding.UTF8.GetBytes(text, bytes.AsSpan(length));
    }

    /// <summary>Text as a text, bytes as bytes, anything else as JSON.</summary>
    /// <exception cref="PlatformException"><c>value-too-large</c>.</exception>
    /// <exception cref="NotSupportedException">The value has no JSON.</exception>
    public void Value<T>(T value)
    {
        switch (value)
        {
            case string text:
                int size = Encoding.UTF8.GetByteCount(text);
                Head(ValueTag.Text, size);
                Reserve(size);
                length += Encoding.UTF8.GetBytes(text, bytes.AsSpan(length));
                break;
            case byte[] array:
                Head(ValueTag.Bytes, array.Length);
                Raw(array);
                break;
            case ReadOnlyMemory<byte> memory:
                Head(ValueTag.Bytes, memory.Length);
                Raw(memory.Span);
                break;
            default:
                // Its length comes before it and is known afterwards only.
                RequestWriter document = Document(value);
                Head(ValueTag.Json, document.length);
                Raw(document.Written);
                document.Return();
                break;
        }
    }

    /// <summary>JSON, with its length.</summary>
    /// <exception cref="PlatformException"><c>value-too-large</c>.</exception>
    /// <exception cref="NotSupportedException">The value has no JSON.</exception>
    public void Json<T>(T value)
    {
        RequestWriter document = Document(value);
        Check(document.length);
        Varint((ulong)document.length);
        Raw(document.Written);
        document.Return();
    }

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 256));
        return bytes.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    private static RequestWriter Document<T>(T value)
    {
        RequestWriter document = Rent();
        document.json.Reset();
        Type type = value?.GetType() ?? typeof(T);
        JsonSerializer.Serialize(document.json, value, FunctionJson.TypeInfo(type));
        document.json.Flush();
        return document;
    }

    private static void Check(int size)
    {
        if (size > GreatestValue)
        {
            throw new PlatformException(
                "value-too-large",
                413,
                "The value is over the limit",
                $"The value has {size} bytes, of at most {GreatestValue}.",
                "Store it in parts, under several keys.");
        }
    }

    private void Head(ValueTag tag, int size)
    {
        Check(size);
        Varint((ulong)size + 1);
        Byte((byte)tag);
    }

    private void Reserve(int count)
    {
        if (bytes.Length - length < count)
        {
            Array.Resize(ref bytes, Math.Max(length + count, 2 * bytes.Length));
        }
    }
}
