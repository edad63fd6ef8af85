using System.Text;
using System.Text.Json;

namespace Virga.Functions.Wire;

/// <summary>A value as it crosses the channel.</summary>
internal readonly record struct WireValue(ValueTag Tag, ReadOnlyMemory<byte> Content)
{
    /// <summary>Reads it as what the function asks for: text as a string, bytes as an array or memory, JSON as any type.</summary>
    /// <exception cref="InvalidOperationException">It is something else.</exception>
    /// <exception cref="JsonException">Its JSON does not fit the type.</exception>
    public T? As<T>()
    {
        switch (Tag)
        {
            case ValueTag.Json:
                return (T?)JsonSerializer.Deserialize(Content.Span, FunctionJson.TypeInfo(typeof(T)));
            case ValueTag.Text when typeof(T).IsAssignableFrom(typeof(string)):
                return (T)(object)Text();
            case ValueTag.Bytes when typeof(T) == typeof(ReadOnlyMemory<byte>):
                return (T)(object)Content;
            case ValueTag.Bytes when typeof(T).IsAssignableFrom(typeof(byte[])):
                return (T)(object)Content.ToArray();
            default:
                string what = Tag == ValueTag.Text ? "text: read it as a string" : "bytes: read them as byte[] or ReadOnlyMemory<byte>";
                throw new InvalidOperationException($"The value is no JSON but {what}, not as {typeof(T).Name}.");
        }
    }

    /// <summary>Text, or the JSON as text.</summary>
    public string Text() => Encoding.UTF8.GetString(Content.Span);
}
