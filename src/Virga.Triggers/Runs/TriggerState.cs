using System.Text.Json.Serialization;

namespace Virga.Triggers.Runs;

/// <summary>What a trigger is doing on a node.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TriggerState>))]
public enum TriggerState
{
    /// <summary>It cannot consume its topics yet, or not any more, and tries again.</summary>
    [JsonStringEnumMemberName("connecting")]
    Connecting,

    /// <summary>It calls its function for the messages that come.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It holds its messages back, because the function cannot be called now.</summary>
    [JsonStringEnumMemberName("held")]
    Held,

    /// <summary>Every topic that it consumes has ended.</summary>
    [JsonStringEnumMemberName("ended")]
    Ended,

    /// <summary>It takes no more messages; calls may finish.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping,
}
