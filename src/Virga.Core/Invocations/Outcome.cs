using System.Text.Json.Serialization;

namespace Virga.Core.Invocations;

/// <summary>How an invocation ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
public enum Outcome
{
    /// <summary>The function answered, whatever the status.</summary>
    [JsonStringEnumMemberName("result")]
    Result,

    /// <summary>The handler failed, or the function could not be loaded.</summary>
    [JsonStringEnumMemberName("function-error")]
    FunctionError,

    /// <summary>It did not answer in time.</summary>
    [JsonStringEnumMemberName("timeout")]
    Timeout,

    /// <summary>Its instance went over the memory limit.</summary>
    [JsonStringEnumMemberName("out-of-memory")]
    OutOfMemory,

    /// <summary>Its instance ended or broke the protocol.</summary>
    [JsonStringEnumMemberName("crashed")]
    Crashed,

    /// <summary>It was not run: a full queue, no instance to be had.</summary>
    [JsonStringEnumMemberName("rejected")]
    Rejected,

    /// <summary>The client went away.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}
