using System.Text;
using System.Text.Json;

namespace Virga.Functions;

/// <summary>What a function that was called has answered.</summary>
public sealed class FunctionAnswer
{
    internal FunctionAnswer(int status, string contentType, ReadOnlyMemory<byte> bytes)
    {
        Status = status;
        ContentType = contentType;
        Bytes = bytes;
    }

    /// <summary>The HTTP status, below 400.</summary>
    public int Status { get; }

    /// <summary>The content type of the body; empty when the function gave none.</summary>
    public string ContentType { get; }

    /// <summary>The body's bytes; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The body as text (UTF-8), whatever its content type.</summary>
    public string Text => field ??= Encoding.UTF8.GetString(Bytes.Span);

    /// <summary>The body as JSON; the default when there is none.</summary>
    /// <typeparam name="T">What to read.</typeparam>
    /// <exception cref="JsonException">The body is no JSON of that shape.</exception>
    public T? Json<T>() => Bytes.IsEmpty ? default : (T?)JsonSerializer.Deserialize(Bytes.Span, FunctionJson.TypeInfo(typeof(T)));

    /// <summary>The body as what the caller asked for: text as a string, bytes as bytes, else from JSON.</summary>
    internal T? As<T>()
    {
        BodyShape shape = Bytes.IsEmpty ? BodyShape.Json : MediaType.Classify(ContentType);
        if (typeof(T) == typeof(byte[]) && shape != BodyShape.Json)
        {
            return (T)(object)Bytes.ToArray();
        }

        return typeof(T) == typeof(string) && shape == BodyShape.Text ? (T)(object)Text : Json<T>();
    }

    /// <summary>The JSON object that says what went wrong, if there is one.</summary>
    internal JsonElement Problem()
    {
        if (MediaType.Classify(ContentType) != BodyShape.Json)
        {
            return default;
        }

        try
        {
            return Json<JsonElement>();
        }
        catch (JsonException)
        {
            // What a function says about its own body need not be true; the body is there to look at.
            return default;
        }
    }
}
