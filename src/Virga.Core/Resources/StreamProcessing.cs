using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>What a stream function promises of each message when something fails.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StreamProcessing>))]
public enum StreamProcessing
{
    /// <summary>It is acknowledged before the function is called: never handled twice, perhaps not at all.</summary>
    [JsonStringEnumMemberName("at-most-once")]
    AtMostOnce,

    /// <summary>It is acknowledged when its answer is published: never lost, perhaps handled and published twice.</summary>
    [JsonStringEnumMemberName("at-least-once")]
    AtLeastOnce,

    /// <summary>As <see cref="AtLeastOnce"/>, and the output topic takes each answer once, however often the function was called.</summary>
    [JsonStringEnumMemberName("effectively-once")]
    EffectivelyOnce,
}
