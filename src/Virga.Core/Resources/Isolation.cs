namespace Virga.Core.Resources;

/// <summary>What stands between a worker and the machine it runs on.</summary>
public enum Isolation
{
    /// <summary>A process of the node's own user, with limits but with the machine's files and network: for trusted code only.</summary>
    Process,

    /// <summary>Own namespaces, a read-only root, an unprivileged user, no capabilities and a seccomp filter.</summary>
    Bubblewrap,
}
