using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Composition.Placement;
using Virga.Composition.Platform;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Topics;
using Virga.State;
using Virga.State.Binary;
using Virga.State.Lattices;
using Virga.State.Logs;
using Virga.State.Stores.Embedded;
using Virga.State.Time;

namespace Virga.Composition.Tests.Platform;

/// <summary>A node's answers to functions over a real store on disk; the functions are here in the test, and so is what runs those that they call.</summary>
internal sealed class AskingFunctions : IAsyncDisposable, IInvoker, IFunctionCatalog, ITopicPublishing
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-platform-").FullName;
    private readonly TimeProvider _time = TimeProvider.System;
    private StateEngine _engine = null!;

    private AskingFunctions()
    {
    }

    public PlatformCalls Platform { get; private set; } = null!;

    public StateEngine Engine => _engine;

    /// <summary>What functions were called with.</summary>
    public ConcurrentQueue<Invocation> Invoked { get; } = new();

    /// <summary>How a called function answers.</summary>
    public Func<Invocation, CancellationToken, Task<InvocationResult>> Handler { get; set; } = static (_, _) => Task.FromResult<InvocationResult>(new Answered(200, "\"done\""u8.ToArray()));

    /// <summary>What they have published, in the order in which it was begun.</summary>
    public ConcurrentQueue<(FunctionName Function, FunctionPublication Publication)> Published { get; } = new();

    /// <summary>How publishing ends: with the message's id.</summary>
    public Func<FunctionPublication, Task<string>> Publisher { get; set; } = static _ => Task.FromResult("1:0");

    public static async Task<AskingFunctions> StartAsync(Durability durability = Durability.Interval)
    {
        var functions = new AskingFunctions();
        var store = new EmbeddedStateStore(
            new EmbeddedStateOptions { Directory = functions._folder, Durability = durability }, new HybridClock(functions._time), functions._time, NullLogger<EmbeddedStateStore>.Instance);
        await store.OpenAsync(TestContext.Current.CancellationToken);
        functions._engine = new StateEngine(store, functions._time);
        functions.Platform = new PlatformCalls(functions._engine, functions, functions, new SingleNodeLink(NodeName.Single), new PlacementRules(new Random(7), functions._time), functions, new Random(7), functions._time);
        return functions;
    }

    public async ValueTask DisposeAsync()
    {
        await Platform.DisposeAsync();
        await _engine.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A call that runs, as its worker sees it.</summary>
    public Invocation Call(string @namespace = "default", int depth = 0, Consistency consistency = Consistency.Lww, long deadline = long.MaxValue)
    {
        var call = new Invocation
        {
            Id = InvocationId.New(_time),
            Function = Version(new FunctionName(ResourceName.Default, ResourceName.Parse(@namespace), ResourceName.Parse("asking")), consistency),
            Depth = depth,
            Deadline = deadline,
            ReceivedAt = _time.GetTimestamp(),
        };
        Platform.CallStarted(call);
        return call;
    }

    /// <summary>Asks as a function would; gives the answer without its first byte.</summary>
    /// <exception cref="ProblemException">The answer is a problem.</exception>
    public async Task<byte[]> AskAsync(Invocation call, Action<ArrayBufferWriter<byte>> write, CancellationToken? cancellation = null)
    {
        var request = new ArrayBufferWriter<byte>();
        write(request);
        var answer = new ArrayBufferWriter<byte>();
        if (!Platform.TryAnswer(call, request.WrittenSpan, answer))
        {
            answer.ResetWrittenCount();
            await Platform.AnswerAsync(call, request.WrittenMemory, answer, cancellation ?? TestContext.Current.CancellationToken);
        }

        answer.WrittenSpan[0].ShouldBe((byte)0);
        return answer.WrittenSpan[1..].ToArray();
    }

    /// <summary>Whether a request is answered from memory.</summary>
    public bool IsAnsweredAtOnce(Invocation call, Action<ArrayBufferWriter<byte>> write)
    {
        var request = new ArrayBufferWriter<byte>();
        write(request);
        return Platform.TryAnswer(call, request.WrittenSpan, new ArrayBufferWriter<byte>());
    }

    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation) =>
        new(name.Name.Value == "missing" || qualifier == "missing" ? null : Version(name, Consistency.Lww));

    public async ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
    {
        Invoked.Enqueue(invocation);
        return await Handler(invocation, cancellation);
    }

    public async ValueTask<string> PublishAsync(FunctionName function, FunctionPublication publication, CancellationToken cancellation)
    {
        Published.Enqueue((function, publication));
        return await Publisher(publication).WaitAsync(cancellation);
    }

    /// <summary>A problem among the results of a request.</summary>
    public static JsonNode ReadProblem(ref ByteReader reader) => JsonNode.Parse(Encoding.UTF8.GetString(reader.ReadBytes()))!;

    private static FunctionVersion Version(FunctionName name, Consistency consistency) => new()
    {
        Name = name,
        Version = 1,
        Spec = new FunctionSpec { Environment = "node", Package = "none", Consistency = consistency },
        BuiltPackage = "none",
    };

    /// <summary>An answer of a called function.</summary>
    internal sealed class Answered : InvocationResult
    {
        public Answered(int status, byte[] body, string? type = null, System.IO.Pipelines.PipeReader? stream = null)
        {
            Status = status;
            Body = body;
            BodyStream = stream;
            Headers = type is null ? null : [KeyValuePair.Create("Content-Type", type)];
        }

        public Answered(Problem problem)
        {
            Problem = problem;
            Status = problem.Status;
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
