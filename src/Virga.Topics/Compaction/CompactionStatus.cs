using System.Text.Json.Serialization;
using Virga.Topics.Messages;

namespace Virga.Topics.Compaction;

/// <summary>How a topic's compaction stands.</summary>
/// <param name="State">Whether it runs, and how the last one ended.</param>
/// <param name="Failure">Why the last one failed; null where it did not.</param>
/// <param name="Horizon">Up to where the topic is compacted; null where it never was.</param>
/// <param name="Entries">How many entries the compacted part has.</param>
/// <param name="Bytes">Their bytes.</param>
public sealed record CompactionStatus(CompactionState State, string? Failure, Position? Horizon, long Entries, long Bytes);

/// <summary>Whether a compaction runs; named as Pulsar names it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CompactionState>))]
public enum CompactionState
{
    /// <summary>Not since the topic came into memory.</summary>
    [JsonStringEnumMemberName("NOT_RUN")]
    NotRun,

    /// <summary>It runs.</summary>
    [JsonStringEnumMemberName("RUNNING")]
    Running,

    /// <summary>The last one is done.</summary>
    [JsonStringEnumMemberName("SUCCESS")]
    Done,

    /// <summary>The last one failed.</summary>
    [JsonStringEnumMemberName("ERROR")]
    Failed,
}
