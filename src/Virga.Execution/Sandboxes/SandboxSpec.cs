using Virga.Core.Resources;
using Virga.Execution.Cgroups;

namespace Virga.Execution.Sandboxes;

/// <summary>What to start, what it sees, and what it may use.</summary>
internal sealed record SandboxSpec
{
    /// <summary>Unique on the node; a file name.</summary>
    public required string InstanceId { get; init; }

    public required Isolation Isolation { get; init; }

    /// <summary>The interpreter's absolute path and its arguments, in the sandbox's paths.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    public IReadOnlyList<ReadOnlyMount> Mounts { get; init; } = [];

    /// <summary>Added to PATH, HOME, TMPDIR and LANG, which may be replaced.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public long MemoryBytes { get; init; } = 128L << 20;

    /// <summary>Cores.</summary>
    public double Cpu { get; init; } = 1;

    /// <summary>Processes and threads together.</summary>
    public int MaxProcesses { get; init; } = 256;

    /// <summary>The size of /tmp; what is written there also counts as memory.</summary>
    public long TmpBytes { get; init; } = 64L << 20;

    /// <summary>Which network connections the worker may open.</summary>
    public EgressPolicy Egress { get; init; }

    /// <summary>A folder of the instance's own on the machine: made at the start, removed with the instance.</summary>
    public required string ScratchDirectory { get; init; }

    internal CgroupLimits Limits => LimitsWith(MemoryBytes, Cpu);

    /// <summary>The limits of the whole sandbox, so that the worker has the given ones.</summary>
    internal CgroupLimits LimitsWith(long memoryBytes, double cpu) => new(
        MemoryLimit(Isolation, memoryBytes), cpu, MaxProcesses + (Isolation == Isolation.Gvisor ? GvisorLauncher.OverheadThreads : 0));

    /// <summary>The memory of a whole sandbox whose worker may have so much.</summary>
    internal static long MemoryLimit(Isolation isolation, long workerBytes) => workerBytes + (isolation == Isolation.Gvisor ? GvisorLauncher.OverheadBytes : 0);

    /// <summary>The machine's path of a path in the sandbox: below a mount, or the same for both.</summary>
    internal string ToHost(string sandboxPath) =>
        Mounts.Select(mount => mount.ToHost(sandboxPath)).FirstOrDefault(path => path is not null) ?? sandboxPath;
}
