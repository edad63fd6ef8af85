using System.Text.Json.Serialization;

namespace Virga.Control.Metadata;

/// <summary>What happened to a resource. The numbers are stored: they never change.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ChangeKind>))]
public enum ChangeKind
{
    /// <summary>It is new.</summary>
    [JsonStringEnumMemberName("created")]
    Created = 1,

    /// <summary>Its spec or state is another.</summary>
    [JsonStringEnumMemberName("updated")]
    Updated = 2,

    /// <summary>It is gone.</summary>
    [JsonStringEnumMemberName("deleted")]
    Deleted = 3,
}
