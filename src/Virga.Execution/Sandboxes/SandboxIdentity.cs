namespace Virga.Execution.Sandboxes;

/// <summary>Who the worker is inside its sandbox, and the files that say so to programs.</summary>
internal sealed record SandboxIdentity(string PasswordFile, string GroupFile, string HostsFile, string ResolverFile)
{
    /// <summary>The user inside a user namespace; on the machine it is the node's own user.</summary>
    internal const uint UserNamespaceId = 1000;

    internal static SandboxIdentity Write(string directory, uint userId, string resolvers) => new(
        ScratchDirectory.WriteReadable(directory, "passwd", $"root:x:0:0:root:/:/usr/sbin/nologin\nvirga:x:{userId}:{userId}:virga:/tmp:/bin/sh\n"),
        ScratchDirectory.WriteReadable(directory, "group", $"root:x:0:\nvirga:x:{userId}:\n"),
        ScratchDirectory.WriteReadable(directory, "hosts", "127.0.0.1 localhost virga\n::1 localhost\n"),
        ScratchDirectory.WriteReadable(directory, "resolv.conf", resolvers));
}
