using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Execution.Pools;

namespace Virga.Execution.Tests.Scheduling;

/// <summary>An execution engine with real sandboxes and real workers, whose functions are source texts.</summary>
internal sealed class TestNode : IAsyncDisposable, IEnvironmentCatalog, IPackageDirectory, IFunctionLog, IInvocationObserver, IResidencyObserver, IScaleObserver
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-execution-").FullName;
    private readonly Dictionary<string, EnvironmentSpec> _environments = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<InvocationRecord> _records = new();
    private readonly ConcurrentQueue<FunctionLogLine> _lines = new();
    private readonly SemaphoreSlim _recorded = new(0);
    private readonly SemaphoreSlim _logged = new(0);
    private readonly TimeProvider _time;
    private ExecutionEngine? _engine;
    private int _functions;

    private TestNode(TimeProvider time)
    {
        _time = time;
        var repository = Repository();
        _environments["python"] = new EnvironmentSpec
        {
            Command = ["/usr/bin/python3", "-I", "-X", "utf8", "/runtime/worker.py"],
            Mounts = new Dictionary<string, string>(StringComparer.Ordinal) { [Path.Combine(repository, "runtimes/python")] = "/runtime" },
            PoolSize = 1,
        };
    }

    public ExecutionEngine Engine => _engine!;

    /// <summary>Names the node's control groups.</summary>
    public string Id => "test-" + Path.GetFileName(_folder);

    /// <summary>What functions get when they ask.</summary>
    public ScriptedPlatform Platform { get; } = new();

    public IReadOnlyCollection<FunctionLogLine> Lines => _lines;

    public ConcurrentQueue<(FunctionVersion Function, InstanceTier Tier, TimeSpan Time, long Bytes)> Residency { get; } = new();

    public ConcurrentQueue<ScaleEvent> ScaleEvents { get; } = new();

    /// <summary>Starts one, by the machine's clock unless another is given.</summary>
    public static async Task<TestNode> StartAsync(Func<ExecutionOptions, ExecutionOptions>? change = null, TimeProvider? time = null)
    {
        var node = new TestNode(time ?? TimeProvider.System);
        var options = new ExecutionOptions { NodeId = node.Id, ScratchDirectory = Path.Combine(node._folder, "scratch") };
        ILoggerFactory loggers = NullLoggerFactory.Instance;
        node._engine = await ExecutionEngine.StartAsync(change?.Invoke(options) ?? options, node, node, node, node, node, node, node.Platform, node._time, loggers, TestContext.Current.CancellationToken);
        return node;
    }

    /// <summary>Adds an environment with a command of the test's own.</summary>
    public void AddEnvironment(string name, EnvironmentSpec spec) => _environments[name] = spec;

    /// <summary>A function of one Python file.</summary>
    public FunctionVersion Python(string source, Func<FunctionSpec, FunctionSpec>? change = null)
    {
        var name = $"f{Interlocked.Increment(ref _functions)}";
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "packages", name));
        File.WriteAllText(Path.Combine(folder.FullName, "main.py"), source);
        return Function(name, "python", change);
    }

    /// <summary>A function of the given environment, with the package folder of its name.</summary>
    public FunctionVersion Function(string name, string environment, Func<FunctionSpec, FunctionSpec>? change = null)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "packages", name));
        var spec = new FunctionSpec { Environment = environment, Package = name, Timeout = Duration.FromSeconds(20) };
        return new FunctionVersion
        {
            Name = new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse(name)),
            Version = 1,
            Spec = change?.Invoke(spec) ?? spec,
            BuiltPackage = name,
        };
    }

    public static Invocation Invocation(FunctionVersion function, string? body = null, PipeReader? stream = null, Trigger trigger = Trigger.Http, string? affinity = null, TimeProvider? time = null) => new()
    {
        Id = InvocationId.New(TimeProvider.System),
        Function = function,
        Trigger = trigger,
        Affinity = affinity,
        ReceivedAt = (time ?? TimeProvider.System).GetTimestamp(),
        Body = body is null ? default : new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)),
        BodyStream = stream,
        Headers = body is null ? null : new JsonContent(),
    };

    public ValueTask<InvocationResult> InvokeAsync(FunctionVersion function, string? body = null, CancellationToken? cancellation = null) =>
        Engine.Scheduler.InvokeAsync(Invocation(function, body, time: _time), cancellation ?? TestContext.Current.CancellationToken);

    /// <summary>Calls a function and gives its answer's body as text.</summary>
    public async Task<(int Status, string Body)> CallAsync(FunctionVersion function, string? body = null)
    {
        await using var result = await InvokeAsync(function, body);
        return (result.Status, result.Problem?.Slug ?? Encoding.UTF8.GetString(result.Body.Span));
    }

    /// <summary>Waits until a function's pool is as expected.</summary>
    public async Task<FunctionPoolStatus> StatusAsync(FunctionVersion function, Func<FunctionPoolStatus, bool> expected)
    {
        FunctionPoolStatus? status = null;
        await UntilAsync(() => (status = Engine.Scheduler.StatusOf(function)) is not null && expected(status), () => Text(status));
        return status!;
    }

    /// <summary>
    /// Calls a function of one instance at most that is frozen as soon as it is idle, and waits until it has come so far. On a machine that is too busy to stop
    /// an instance in time, it ends instead: then with another.
    /// </summary>
    public async Task<FunctionPoolStatus> CooledAsync(FunctionVersion function, Func<string, bool> state)
    {
        FunctionPoolStatus? status = null;
        for (var calls = 0; status is null && calls < 5; calls++)
        {
            (await CallAsync(function)).Status.ShouldBe(200);
            await UntilAsync(() => (status = Engine.Scheduler.StatusOf(function)) is null || (status.Instances is [var only] && state(only.State)), () => Text(status));
        }

        return status.ShouldNotBeNull("it is frozen once it is idle");
    }

    /// <summary>Waits until something holds that nobody tells of.</summary>
    /// <param name="instead">What is there instead, for the message of a failure.</param>
    public async Task UntilAsync(Func<bool> holds, Func<string>? instead = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(20))
            {
                Assert.Fail($"It did not come about in time. {instead?.Invoke()}".TrimEnd());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Ends a sandbox from outside, as the kernel would for want of memory.</summary>
    public static void Kill(int pid)
    {
        using var process = System.Diagnostics.Process.GetProcessById(pid);
        process.Kill();
    }

    /// <summary>The next usage record, in the order in which calls ended.</summary>
    public async Task<InvocationRecord> NextRecordAsync()
    {
        (await _recorded.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).ShouldBeTrue("no usage record came");
        _records.TryDequeue(out var record).ShouldBeTrue();
        return record;
    }

    /// <summary>Waits for a log line that fits.</summary>
    public async Task<FunctionLogLine> LineAsync(Func<FunctionLogLine, bool> fits)
    {
        while (true)
        {
            if (_lines.FirstOrDefault(fits) is { } line)
            {
                return line;
            }

            (await _logged.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).ShouldBeTrue("no such log line came");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
        Directory.Delete(_folder, recursive: true);
    }

    EnvironmentSpec? IEnvironmentCatalog.Find(ResourceName tenant, ResourceName @namespace, string name) => _environments.GetValueOrDefault(name);

    ValueTask<string> IPackageDirectory.GetPathAsync(string digest, CancellationToken cancellation) => new(Path.Combine(_folder, "packages", digest));

    void IResidencyObserver.Resident(FunctionVersion function, InstanceTier tier, TimeSpan time, long bytes) => Residency.Enqueue((function, tier, time, bytes));

    void IScaleObserver.Scaled(ScaleEvent change) => ScaleEvents.Enqueue(change);

    void IFunctionLog.Write(FunctionLogLine line)
    {
        _lines.Enqueue(line);
        _logged.Release();
    }

    void IInvocationObserver.Completed(in InvocationRecord record)
    {
        _records.Enqueue(record);
        _recorded.Release();
    }

    private static string Text(FunctionPoolStatus? status) => status is null ? "there is no pool" : $"{status} with [{string.Join(", ", status.Instances)}]";

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "virga.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        }

        return folder;
    }

    private sealed class JsonContent : IHeaderSource
    {
        public void WriteHeaders(Utf8JsonWriter writer)
        {
            writer.WriteStartArray();
            writer.WriteStringValue("content-type");
            writer.WriteStringValue("application/json");
            writer.WriteEndArray();
        }
    }
}
