using System.Text.Json.Serialization;

namespace Virga.Core.Logging;

/// <summary>How grave a function's log line is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FunctionLogLevel>))]
public enum FunctionLogLevel
{
    /// <summary>For whoever debugs.</summary>
    [JsonStringEnumMemberName("debug")]
    Debug,

    /// <summary>Ordinary prints.</summary>
    [JsonStringEnumMemberName("info")]
    Info,

    /// <summary>Something looks wrong.</summary>
    [JsonStringEnumMemberName("warn")]
    Warn,

    /// <summary>Something failed.</summary>
    [JsonStringEnumMemberName("error")]
    Error,
}
