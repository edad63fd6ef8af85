using System.Net.Sockets;
using System.Text;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>What every kind of isolation does the same way: a group with limits, sockets, the process and its watch.</summary>
internal sealed class SandboxStarter(ProcessSpawner spawner, ChildReaper reaper, CgroupTree cgroups, DedicatedThread pushOut, TimeProvider time)
{
    private const string Shell = "/bin/sh";
    private const string EndOfGroups = "--";
    private const int MaxOutputBytes = 4096;

    // The process enters its groups before it becomes the command, so that nothing of the command runs without limits.
    // A core file would hold a tenant's data. Workers need few files; their disk is bounded by other means, the size
    // of one file is a backstop (.NET reserves 2 GiB of a memory file for its code).
    private const string EnterGroupsAndRun =
        """
        while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done
        shift
        ulimit -c 0
        ulimit -n 4096 2>/dev/null
        ulimit -f 8388608 2>/dev/null
        exec "$@"
        """;

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
        try
        {
            cgroup = cgroups.Create(spec.InstanceId, spec.Limits);
            channel = SocketPair.Create();
            errors = SocketPair.Create();
            string[] wrapped = [Shell, "-c", EnterGroupsAndRun, "virga-sandbox", .. cgroup?.EntryFiles ?? [], EndOfGroups, .. command];
            int pid = spawner.Spawn(wrapped, environment, [channel.Theirs, channel.Theirs, errors.Theirs, .. extra]);
            ChildProcess child = Watch(pid);
            channel.Theirs.Dispose();
            errors.Theirs.Dispose();
            return new SandboxProcess(spec, child, cgroup, code, channel.Ours, errors.Ours, worker, release, pushOut, time);
        }
        catch (IOException failure)
        {
            channel?.Dispose();
            errors?.Dispose();
            cgroup?.TryRemove();
            throw new SandboxException($"The sandbox of instance {spec.InstanceId} could not be started: {failure.Message}", failure);
        }
        finally
        {
            foreach (Descriptor descriptor in extra)
            {
                descriptor.Dispose();
            }
        }
    }

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
            child = Watch(spawner.Spawn(command, environment, input, output.Theirs, output.Theirs));
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

    private ChildProcess Watch(int pid)
    {
        try
        {
            return reaper.Watch(pid);
        }
        catch (SystemCallException)
        {
            ChildReaper.Abandon(pid);
            throw;
        }
    }
}
