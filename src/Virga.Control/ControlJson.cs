using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Virga.Control;

/// <summary>
/// How resources look as JSON, in the store and in the API. Specs are read by reflection: what a source-generated reader leaves unset in a record with
/// <c>init</c> members becomes null or zero instead of the member's default. Members that no spec has are refused.
/// </summary>
internal static class ControlJson
{
    public static readonly JsonSerializerOptions Options = Create(JsonUnmappedMemberHandling.Disallow);

    /// <summary>For what is stored: a spec may hold members that a newer Virga knew.</summary>
    private static readonly JsonSerializerOptions Stored = Create(JsonUnmappedMemberHandling.Skip);

    public static string Serialize<T>(T value) => JsonSerializer.Serialize(value, Stored);

    public static T Deserialize<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Stored) ?? throw new InvalidDataException($"Stored JSON of {typeof(T).Name} is null.");

    private static JsonSerializerOptions Create(JsonUnmappedMemberHandling unmapped)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            UnmappedMemberHandling = unmapped,
            RespectNullableAnnotations = true,
            NumberHandling = JsonNumberHandling.Strict,
            PropertyNameCaseInsensitive = false,
            DefaultIgnoreCondition = JsonIgnoreCondition.Never,
            AllowDuplicateProperties = false,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        options.MakeReadOnly();
        return options;
    }
}
