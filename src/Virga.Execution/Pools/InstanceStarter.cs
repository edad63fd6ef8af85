using System.Globalization;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Memory;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>Starts generic instances: a bounded number at a time, within the node's memory, and evenly among those who ask.</summary>
internal sealed class InstanceStarter(ISandboxLauncher launcher, InstanceServices services)
{
    private readonly FairGate _gate = new(services.Options.StartConcurrency);
    private long _count;

    /// <summary>Starts a worker and waits until it is ready.</summary>
    /// <exception cref="ProblemException">It cannot be started.</exception>
    public async Task<Instance> StartAsync(InstanceRequest request, CancellationToken cancellation)
    {
        // Memory first: who waits for that must not hold up starts that have theirs.
        var memory = await services.Memory.ReserveAsync(request.ReservedBytes, request.For, request.Priority, cancellation);
        try
        {
            using var place = await EnterAsync(request, cancellation);
            var instance = Launch(request, memory);
            try
            {
                await instance.ReadyAsync(cancellation);
                return instance;
            }
            catch
            {
                await instance.DisposeAsync();
                throw;
            }
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the turn to start something.</summary>
    public ValueTask<FairGate.Lease> EnterAsync(in InstanceRequest request, CancellationToken cancellation) => _gate.EnterAsync(request.For, request.Priority, cancellation);

    /// <summary>Whether calls wait for a start: what is only kept ready had better wait.</summary>
    public bool IsCrowded => _gate.IsCrowded;

    /// <summary>A name for one more instance of this node.</summary>
    public string NextId() => string.Create(CultureInfo.InvariantCulture, $"i{Interlocked.Increment(ref _count)}");

    /// <summary>The sandbox of an instance.</summary>
    public SandboxSpec SpecOf(string id, in InstanceRequest request)
    {
        var environment = request.Key.Environment;
        var (command, mounts) = Resolve(request.Key.Isolation == Isolation.Gvisor ? WithSnapshotArguments(environment) : environment);
        return new SandboxSpec
        {
            InstanceId = id,
            Isolation = request.Key.Isolation,
            Command = command,
            Mounts = mounts,
            Environment = environment.Variables,
            MemoryBytes = request.MemoryBytes,
            Cpu = request.Cpu,
            MaxProcesses = services.Options.MaxProcesses,
            TmpBytes = services.Options.TemporarySpace.Bytes,
            Egress = request.Key.Egress,
            ScratchDirectory = Path.Combine(services.Options.ScratchDirectory, id),
        };
    }

    private Instance Launch(in InstanceRequest request, MemoryReservation memory)
    {
        var id = NextId();
        try
        {
            return new Instance(id, launcher.Launch(SpecOf(id, request)), memory, services);
        }
        catch (SandboxException e)
        {
            throw new ProblemException(KnownProblems.Unavailable($"No instance of the environment could be started: {e.Message}", "See `virga env get`, and /readyz of the node."), e);
        }
    }

    private static EnvironmentSpec WithSnapshotArguments(EnvironmentSpec environment) =>
        environment with { Command = [environment.Command[0], .. environment.SnapshotArguments, .. environment.Command.Skip(1)] };

    // A program of a version manager lies outside of what every sandbox shows; one inside a mount is the runtime's own.
    private static (IReadOnlyList<string> Command, IReadOnlyList<ReadOnlyMount> Mounts) Resolve(EnvironmentSpec environment)
    {
        List<ReadOnlyMount> mounts = [.. environment.Mounts.Select(m => new ReadOnlyMount(m.Key, m.Value))];
        if (mounts.Exists(m => m.ToHost(environment.Command[0]) is not null) || !File.Exists(environment.Command[0]))
        {
            return (environment.Command, mounts);
        }

        var (program, needed) = InterpreterMounts.For(environment.Command[0]);
        return ([program, .. environment.Command.Skip(1)], [.. mounts, .. needed]);
    }
}
