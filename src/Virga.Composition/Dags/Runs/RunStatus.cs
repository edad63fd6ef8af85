using System.Text.Json.Serialization;

namespace Virga.Composition.Dags.Runs;

/// <summary>How far a run is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunStatus>))]
public enum RunStatus
{
    /// <summary>It has been accepted, and has not begun.</summary>
    [JsonStringEnumMemberName("accepted")]
    Accepted,

    /// <summary>Steps of it run.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Its output is there.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>It has none.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Whoever called left.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}
