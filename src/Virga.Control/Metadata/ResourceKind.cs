using System.Text.Json.Serialization;

namespace Virga.Control.Metadata;

/// <summary>What a resource is. The member names are stored and shown: they never change.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResourceKind>))]
public enum ResourceKind
{
    /// <summary>A function and where its traffic goes.</summary>
    [JsonStringEnumMemberName("function")]
    Function,

    /// <summary>HTTP requests that call a function.</summary>
    [JsonStringEnumMemberName("route")]
    Route,

    /// <summary>What runs functions of one language.</summary>
    [JsonStringEnumMemberName("environment")]
    Environment,

    /// <summary>Files that a function is made of.</summary>
    [JsonStringEnumMemberName("package")]
    Package,

    /// <summary>Functions composed to a graph.</summary>
    [JsonStringEnumMemberName("dag")]
    Dag,

    /// <summary>What calls a function by itself.</summary>
    [JsonStringEnumMemberName("trigger")]
    Trigger,

    /// <summary>Topics that go through a function.</summary>
    [JsonStringEnumMemberName("stream")]
    Stream,
}
