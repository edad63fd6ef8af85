using System.Net.Sockets;
using System.Text;
using Virga.Core.Resources;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>What every kind of isolation does the same way: a group with limits, sockets, the process and its watch.</summary>
internal sealed class SandboxStarter(ProcessSpawner spawner, ChildReaper reaper, InternetConnector internet, CgroupTree cgroups, DedicatedThread pushOut, TimeProvider time)
{
    private const int MaxOutputBytes = 4096;

    // A core file would hold a tenant's data. Workers need few files; their disk is bounded by other means, the size
    // of one file is a backstop (.NET reserves 2 GiB of a memory file for its code).
    private const string LimitFiles = "ulimit -c 0; ulimit -n 4096 2>/dev/null; ulimit -f 8388608 2>/dev/null";

    /// <summary>What a sandbox with the egress <c>internet</c> needs as its <c>/etc/resolv.conf</c>.</summary>
    internal string ResolverConfiguration => internet.ResolverConfiguration;

    /// <summary>Starts <paramref name="command"/> as the sandbox of <paramref name="spec"/>.</summary>
    /// <param name="environment">The environment of the command's first process.</param>
    /// <param name="extra">Descriptors 3, 4, … of the command; closed here.</param>
    /// <param name="worker">How the worker is found and measured from outside.</param>
    /// <param name="release">Called once when no process of the sandbox is left.</param>
    /// <exception cref="SandboxException">It cannot be started.</exception>
    internal SandboxProcess Start(
        SandboxSpec spec, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, ICodeRoot code, IWorkerView worker, Action release, params Descriptor[] extra)
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
            return new SandboxProcess(spec, child, cgroup, code, channel.Ours, errors.Ours, worker, release, pushOut, time) { Network = network };
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

    /// <summary>Runs a program of the system to its end, outside of all groups.</summary>
    /// <returns>How it ended and what it printed, the first kilobytes of it.</returns>
    /// <exception cref="SandboxException">It cannot be started.</exception>
    internal async Task<(ProcessExit Exit, string Output)> RunAsync(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, CancellationToken cancellation)
    {
        using SocketPair output = SocketPair.Create();
        using Descriptor input = Descriptor.Memory("virga-empty", []);
        ChildProcess child;
        try
        {
            child = reaper.WatchOrAbandon(spawner.Spawn(command, environment, input, output.Theirs, output.Theirs));
        }
        catch (IOException failure)
        {
            throw new SandboxException($"{command[0]} could not be started: {failure.Message}", failure);
        }

        output.Theirs.Dispose();
        using (child)
        {
            try
            {
                string text = await ReadAsync(output.Ours, cancellation);
                return (await child.Exit.WaitAsync(cancellation), text);
            }
            catch (OperationCanceledException)
            {
                child.Kill();
                await child.Exit;
                throw;
            }
        }
    }

    private static async Task<string> ReadAsync(Socket socket, CancellationToken cancellation)
    {
        var kept = new byte[MaxOutputBytes];
        var rest = new byte[MaxOutputBytes];
        int length = 0;
        while (true)
        {
            Memory<byte> free = length < kept.Length ? kept.AsMemory(length) : rest;
            int received = await socket.ReceiveAsync(free, SocketFlags.None, cancellation);
            if (received == 0)
            {
                return Encoding.UTF8.GetString(kept, 0, length).Trim();
            }

            length = Math.Min(kept.Length, length + received);
        }
    }
}
