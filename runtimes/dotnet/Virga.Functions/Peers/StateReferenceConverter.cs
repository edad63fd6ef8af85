using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Functions;

/// <summary>Writes references as <c>{"$ref":"KEY"}</c>, and tells an argument that is being written which they are.</summary>
[SuppressMessage("Performance", "CA1812:Avoid uninstantiated internal classes", Justification = "The serialiser makes it.")]
internal sealed class StateReferenceConverter : JsonConverter<StateReference>
{
    public const string Mark = "$ref";

    /// <summary>Takes the keys of the references that this thread writes.</summary>
    [ThreadStatic]
    private static List<string>? keys;

    /// <summary>Runs something that writes JSON, and gives the keys of the references in it.</summary>
    public static List<string> Collect<T>(Action<T> write, T state)
    {
        List<string> collected = keys = [];
        try
        {
            write(state);
        }
        finally
        {
            keys = null;
        }

        return collected;
    }

    public override void Write(Utf8JsonWriter writer, StateReference value, JsonSerializerOptions options)
    {
        keys?.Add(value.Key);
        writer.WriteStartObject();
        writer.WriteString(Mark, value.Key);
        writer.WriteEndObject();
    }

    public override StateReference Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("A reference is replaced by its value before the function sees it: read the value.");
}
