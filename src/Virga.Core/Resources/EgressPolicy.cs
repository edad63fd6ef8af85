using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>Which network connections a function may open.</summary>
[JsonConverter(typeof(EgressPolicyConverter))]
public enum EgressPolicy
{
    /// <summary>None: it has a loopback of its own and nothing else.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>The internet, but not the machine that it runs on.</summary>
    [JsonStringEnumMemberName("internet")]
    Internet,
}
