using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>
/// What a function, or a whole DAG, may rely on when it reads shared state: the levels of Cloudburst (Sreekanti et al., VLDB 2020, section 5),
/// from the cheapest to the strongest.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Consistency>))]
public enum Consistency
{
    /// <summary>Every read gives the newest version that the node knows; replicas converge. Nothing else.</summary>
    [JsonStringEnumMemberName("lww")]
    Lww,

    /// <summary>A key that was read once, anywhere in the session, gives that same version to the session's end, but for the session's own writes.</summary>
    [JsonStringEnumMemberName("repeatable-read")]
    RepeatableRead,

    /// <summary>Versions of one key are ordered by cause and effect; concurrent ones are kept as siblings. Nothing is said across keys.</summary>
    [JsonStringEnumMemberName("single-key")]
    SingleKey,

    /// <summary>A node shows a version only together with all that it depends on, across keys (a causal cut); nothing is said across nodes.</summary>
    [JsonStringEnumMemberName("multi-key")]
    MultiKey,

    /// <summary>As <see cref="MultiKey"/>, and across the nodes of a session: no read is older than what the session has seen.</summary>
    [JsonStringEnumMemberName("causal")]
    Causal,
}
