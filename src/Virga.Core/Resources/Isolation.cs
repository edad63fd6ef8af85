using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>How strongly an instance is kept apart from the machine and from other instances; a later member is stronger.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Isolation>))]
public enum Isolation
{
    /// <summary>A plain process with resource limits: for trusted code only.</summary>
    [JsonStringEnumMemberName("process")]
    Process,

    /// <summary>Linux namespaces, a read-only root, no capabilities and a system call filter.</summary>
    [JsonStringEnumMemberName("bubblewrap")]
    Bubblewrap,

    /// <summary>A kernel of its own in user space (gVisor); its instances can be snapshotted and cloned.</summary>
    [JsonStringEnumMemberName("gvisor")]
    Gvisor,
}
