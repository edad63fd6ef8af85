using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Virga.Functions;

/// <summary>The JSON that functions speak: camelCase names, found in any case when read, and readable Unicode.</summary>
internal static class FunctionJson
{
    public static JsonSerializerOptions Options { get; } = CreateOptions();

    /// <summary>The metadata of a type, built once.</summary>
    public static JsonTypeInfo TypeInfo(Type type) => Options.GetTypeInfo(type);

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            // The answer is served as application/json, never pasted into HTML.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        options.MakeReadOnly();
        return options;
    }
}
