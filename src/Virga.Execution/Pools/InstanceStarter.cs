using System.Globalization;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Pools;

/// <summary>Starts generic instances, a bounded number at a time.</summary>
internal sealed class InstanceStarter(ISandboxLauncher launcher, InstanceServices services) : IDisposable
{
    private readonly SemaphoreSlim _starting = new(services.Options.StartConcurrency);
    private long _count;

    /// <summary>Starts a worker and waits until it is ready.</summary>
    /// <exception cref="ProblemException">It cannot be started.</exception>
    public async Task<Instance> StartAsync(GenericPoolKey key, CancellationToken cancellation)
    {
        await _starting.WaitAsync(cancellation);
        try
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"i{Interlocked.Increment(ref _count)}");
            var options = services.Options;
            var (command, mounts) = Resolve(key.Isolation == Isolation.Gvisor ? WithSnapshotArguments(key.Environment) : key.Environment);
            var spec = new SandboxSpec
            {
                InstanceId = id,
                Isolation = key.Isolation,
                Command = command,
                Mounts = mounts,
                Environment = key.Environment.Variables,
                MemoryBytes = key.Environment.Memory.Bytes,
                Cpu = 1,
                MaxProcesses = options.MaxProcesses,
                TmpBytes = options.TemporarySpace.Bytes,
                Egress = key.Egress,
                ScratchDirectory = Path.Combine(options.ScratchDirectory, id),
            };
            SandboxProcess process;
            try
            {
                process = launcher.Launch(spec);
            }
            catch (SandboxException e)
            {
                throw new ProblemException(KnownProblems.Unavailable($"No instance of the environment could be started: {e.Message}", "See `virga env get`, and /readyz of the node."), e);
            }

            var instance = new Instance(id, process, services);
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
        finally
        {
            _starting.Release();
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

    /// <inheritdoc/>
    public void Dispose() => _starting.Dispose();
}
