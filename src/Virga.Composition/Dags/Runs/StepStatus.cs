using System.Text.Json.Serialization;

namespace Virga.Composition.Dags.Runs;

/// <summary>How far a step of a run is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StepStatus>))]
public enum StepStatus
{
    /// <summary>What it needs is not there yet.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>Its function has been called.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Its result has gone on.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>Its function failed for good.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>A condition did not hold.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,

    /// <summary>It ran when its run ended for another reason.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}
