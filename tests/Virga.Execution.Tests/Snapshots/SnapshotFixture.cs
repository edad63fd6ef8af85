using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Execution.Asks;
using Virga.Execution.Channel;
using Virga.Execution.Instances;
using Virga.Execution.Memory;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;
using Virga.Execution.Snapshots;
using Virga.Execution.Tests.Scheduling;

namespace Virga.Execution.Tests.Snapshots;

/// <summary>Real gVisor sandboxes with real workers, a store of snapshots, and words to go from one to the other.</summary>
public sealed class SnapshotFixture : IAsyncLifetime, IInstanceOwner, IFunctionLog, IInvocationObserver, IResidencyObserver
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-snapshots-").FullName;
    private readonly BackgroundTasks _tasks = new(NullLogger.Instance);
    private readonly List<FunctionLogLine> _lines = [];
    private SandboxHost? _host;
    private int _count;

    internal SandboxHost Host => _host!;

    internal string Folder => _folder;

    internal string StoreFolder => Path.Combine(_folder, "snapshots");

    internal EnvironmentSpec Python { get; } = new()
    {
        Command = ["/usr/bin/python3", "-I", "-S", "-B", "-X", "utf8", "/runtime/worker.py"],
        Mounts = new Dictionary<string, string>(StringComparer.Ordinal) { [Path.Combine(Repository(), "runtimes/python")] = "/runtime" },
    };

    internal EnvironmentSpec Node { get; } = new()
    {
        Command = ["/usr/bin/node", "--openssl-config=/runtime/node/openssl-snapshot.cnf", "/runtime/node/worker.mjs"],
        Mounts = new Dictionary<string, string>(StringComparer.Ordinal) { [Path.Combine(Repository(), "runtimes/node")] = "/runtime/node" },
    };

    void IResidencyObserver.Resident(FunctionVersion function, InstanceTier tier, TimeSpan time, long bytes)
    {
        // What clones occupy is not what these tests are about.
    }

    internal IReadOnlyList<FunctionLogLine> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    private readonly MemoryBudget _memory = new(16L << 30, TimeSpan.FromSeconds(30), TimeProvider.System);

    private InstanceServices Services => new(
        new ExecutionOptions { NodeId = "unused", ScratchDirectory = "unused" }, TimeProvider.System, this, this, this, new PlatformPort(new ScriptedPlatform(), NullLogger.Instance), _memory, _tasks, NullLogger.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await SandboxHost.StartAsync(
        new SandboxOptions { NodeId = "test-" + Path.GetFileName(_folder), ScratchRoot = Path.Combine(_folder, "scratch") }, TimeProvider.System, Cancellation);

    public async ValueTask DisposeAsync()
    {
        await _tasks.WhenAllAsync();
        Host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    internal SnapshotStore Open(TimeProvider? time = null, string? folder = null, long budget = 1L << 30)
    {
        Assert.SkipWhen(Host.Capabilities.GvisorMissing is not null, Host.Capabilities.GvisorMissing ?? string.Empty);
        return SnapshotStore.Open(new SnapshotOptions { Directory = folder ?? StoreFolder, BudgetBytes = budget }, Host.Gvisor, time ?? TimeProvider.System, NullLogger.Instance);
    }

    /// <summary>A function of one file.</summary>
    internal FunctionVersion Function(string file, string source, Func<FunctionSpec, FunctionSpec>? change = null)
    {
        string name = $"f{Interlocked.Increment(ref _count)}";
        string package = Path.Combine(_folder, "packages", name);
        Directory.CreateDirectory(package);
        File.WriteAllText(Path.Combine(package, file), source);
        var spec = new FunctionSpec { Environment = "test", Package = name, Isolation = Isolation.Gvisor, Timeout = Duration.FromSeconds(20) };
        return new FunctionVersion
        {
            Name = new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse(name)),
            Version = 1,
            Spec = change?.Invoke(spec) ?? spec,
            BuiltPackage = name,
        };
    }

    internal string PackageOf(FunctionVersion function) => Path.Combine(_folder, "packages", function.BuiltPackage);

    internal SandboxSpec Spec(EnvironmentSpec environment)
    {
        string id = $"i{Interlocked.Increment(ref _count)}";
        var (program, mounts) = InterpreterMounts.For(environment.Command[0]);
        return new SandboxSpec
        {
            InstanceId = id,
            Isolation = Isolation.Gvisor,
            Command = [program, .. environment.Command.Skip(1)],
            Mounts = [.. environment.Mounts.Select(mount => new ReadOnlyMount(mount.Key, mount.Value)), .. mounts],
            Environment = environment.Variables,
            ScratchDirectory = Path.Combine(_folder, "scratch", id),
        };
    }

    /// <summary>A process that has its function.</summary>
    internal async Task<(Instance Instance, SandboxProcess Process)> StartAsync(FunctionVersion function, EnvironmentSpec environment)
    {
        SandboxSpec spec = Spec(environment);
        SandboxProcess process = Host.Launch(spec);
        var instance = new Instance(spec.InstanceId, process, await _memory.ReserveAsync(spec.MemoryBytes, this, StartPriority.OnDemand, Cancellation), Services);
        await instance.ReadyAsync(Cancellation);
        await instance.SpecialiseAsync(function, PackageOf(function), this, 0, Cancellation);
        return (instance, process);
    }

    /// <summary>A snapshot of the freshly initialised function.</summary>
    internal async Task<Snapshot> TakeAsync(SnapshotStore store, FunctionVersion function, EnvironmentSpec environment)
    {
        var (instance, _) = await StartAsync(function, environment);
        instance.MayBecomeSnapshot.ShouldBeTrue();
        return (await instance.LeaveAsSnapshotAsync(store, store.KeyOf(function, environment), Cancellation)).ShouldNotBeNull();
    }

    /// <summary>A clone, in a sandbox that is made for it.</summary>
    internal async Task<Instance> RestoreAsync(SnapshotStore store, Snapshot snapshot, FunctionVersion function, EnvironmentSpec environment)
    {
        SandboxSpec spec = Spec(environment);
        return await ContinueAsync(await store.RestoreAsync(snapshot, spec, function.Spec, PackageOf(function), Cancellation), function);
    }

    /// <summary>The instance in a process that is being restored.</summary>
    internal async Task<Instance> ContinueAsync(SandboxProcess process, FunctionVersion function)
    {
        var instance = new Instance(process.Spec.InstanceId, process, await _memory.ReserveAsync(process.Spec.MemoryBytes, this, StartPriority.OnDemand, Cancellation), Services);
        await instance.RestoreAsync(function, this, 0, Cancellation);
        return instance;
    }

    internal async Task<JsonElement> CallAsync(Instance instance, FunctionVersion function)
    {
        var invocation = new Invocation
        {
            Id = InvocationId.New(TimeProvider.System),
            Function = function,
            Trigger = Trigger.Invoke,
            ReceivedAt = TimeProvider.System.GetTimestamp(),
            Body = ReadOnlySequence<byte>.Empty,
        };
        long deadline = TimeProvider.System.GetTimestamp() + (20 * TimeProvider.System.TimestampFrequency);
        var opening = new CallOpening(StartKind.Warm, TimeSpan.Zero, TimeSpan.Zero, deadline, TimeProvider.System.GetUtcNow().AddSeconds(20).ToUnixTimeMilliseconds());
        WorkerCall call = instance.TryCall(invocation, opening, Cancellation).ShouldNotBeNull();
        await using InvocationResult result = await call.Head;
        result.Problem.ShouldBeNull();
        return JsonDocument.Parse(Encoding.UTF8.GetString(result.Body.Span)).RootElement.Clone();
    }

    int IInstanceOwner.OnCallClosed(Instance instance, TimeSpan duration) => 0;

    int IInstanceOwner.OnRecycle(Instance instance) => 0;

    void IInstanceOwner.OnInstanceEnded(Instance instance)
    {
    }

    void IFunctionLog.Write(FunctionLogLine line)
    {
        lock (_lines)
        {
            _lines.Add(line);
        }
    }

    void IInvocationObserver.Completed(in InvocationRecord record)
    {
    }

    internal static string Repository()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "virga.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        }

        return folder;
    }
}
