using System.Text.Json.Serialization;

namespace Virga.Streams.Lanes;

/// <summary>What a lane is doing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LaneState>))]
internal enum LaneState
{
    /// <summary>It attaches itself to its topic.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>It takes messages.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It failed, and tries again after a moment.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>It stopped and does not try again until the stream is changed or restarted.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}
