using Virga.Core.Resources;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>What every kind of isolation does the same way: a group with limits, sockets, the process and its watch.</summary>
internal sealed class SandboxStarter(ProcessSpawner spawner, ChildReaper reaper, InternetConnector internet, CgroupTree cgroups, DedicatedThread pushOut, TimeProvider time)
{
    // A core file would hold a tenant's data. Workers need few files; their disk is bounded by other means, the size
    // of one file is a backstop (.NET reserves 2 GiB of a memory file for its code).
    private const string LimitFiles = "ulimit -c 0; ulimit -n 4096 2>/dev/null; ulimit -f 8388608 2>/dev/null";

    /// <summary>What a sandbox with the egress <c>internet</c> needs as its <c>/etc/resolv.conf</c>.</summary>
    internal string ResolverConfiguration => internet.ResolverConfiguration;

    /// <summary>Starts <paramref name="command"/> as the sandbox of <paramref name="spec"/>.</summary>
    /// <param name="environment">The environment of the command's first process.</param>
    /// <param name="extra">Descriptors 3, 4, … of the command; closed here.</param>
    /// <param name="wrappers">How many processes stand between the command and the worker.</param>
    /// <param name="release">Called once when no process of the sandbox is left.</param>
    /// <exception cref="SandboxException">It cannot be started.</exception>
    internal SandboxProcess Start(
        SandboxSpec spec, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, ICodeRoot code, int wrappers, Action release, params Descriptor[] extra)
    {
        Cgroup? cgroup = null;
        SocketPair? channel = null;
        SocketPair? errors = null;
        InternetNamespace? network = null;
        try
        {
            cgroup = cgroups.Create(spec.InstanceId, spec.Limits);
            channel = SocketPair.Create();
            errors = SocketPair.Create();
            network = NeedsNetwork(spec) ? internet.Connect(spec.InstanceId, cgroup) : null;
            int pid = spawner.Spawn(GroupEntry.Wrap(cgroup, LimitFiles, [.. network?.EntryCommand ?? [], .. command]), environment, [channel.Theirs, channel.Theirs, errors.Theirs, .. extra]);
            ChildProcess child = reaper.WatchOrAbandon(pid);
            channel.Theirs.Dispose();
            errors.Theirs.Dispose();
            return new SandboxProcess(spec, child, cgroup, code, channel.Ours, errors.Ours, wrappers, release, pushOut, time) { Network = network };
        }
        catch (Exception failure) when (failure is IOException or SandboxException)
        {
            network?.Abandon();
            channel?.Dispose();
            errors?.Dispose();
            cgroup?.TryRemove();
            throw failure as SandboxException ?? new SandboxException($"The sandbox of instance {spec.InstanceId} could not be started: {failure.Message}", failure);
        }
        finally
        {
            foreach (Descriptor descriptor in extra)
            {
                descriptor.Dispose();
            }
        }
    }

    // Without a sandbox there is nothing to keep apart: the worker has the machine's network in any case.
    private static bool NeedsNetwork(SandboxSpec spec) => spec is { Egress: EgressPolicy.Internet, Isolation: not Isolation.Process };
}
