using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Where a cluster runs the steps of a DAG.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DagPlacement>))]
public enum DagPlacement
{
    /// <summary>Where the step before ran, or where the keys are that the step refers to; elsewhere only when that node is busy.</summary>
    [JsonStringEnumMemberName("near")]
    Near,

    /// <summary>Over all nodes in turn.</summary>
    [JsonStringEnumMemberName("spread")]
    Spread,
}
