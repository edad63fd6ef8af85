using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Composition.Placement;
using Virga.Composition.Platform;
using Virga.Composition.Tests.Platform;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Topics;
using Virga.State;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Sessions;
using Virga.State.Stores;
using Virga.State.Stores.Embedded;
using Virga.State.Time;

namespace Virga.Composition.Tests.Calls;

/// <summary>Two nodes in one process, each with a real cache and log, over one real store; the functions are here in the test, the same on both.</summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-calls-").FullName;
    private readonly List<Node> _nodes = [];
    private EmbeddedStateStore _store = null!;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public Node Here => _nodes[0];

    public Node There => _nodes[1];

    /// <summary>What a called function does.</summary>
    public Func<Node, Invocation, CancellationToken, Task<InvocationResult>> Handler { get; set; } = static (node, _, _) => Task.FromResult<InvocationResult>(Answer(node.Name.Value));

    public static InvocationResult Answer(string text) => new AskingFunctions.Answered(200, Encoding.UTF8.GetBytes(text), "text/plain");

    public static async Task<TwoNodes> StartAsync()
    {
        var nodes = new TwoNodes();
        nodes._store = new EmbeddedStateStore(
            new EmbeddedStateOptions { Directory = Path.Combine(nodes._folder, "store") }, new HybridClock(TimeProvider.System), TimeProvider.System, NullLogger<EmbeddedStateStore>.Instance);
        await nodes._store.OpenAsync(Cancellation);
        var view = new ClusterView(1, [new ClusterMember(NodeName.Parse("here"), 1, "", 0), new ClusterMember(NodeName.Parse("there"), 1, "", 0)]);
        foreach (var member in view.Members)
        {
            nodes._nodes.Add(new Node(nodes, member.Name, view));
        }

        foreach (var node in nodes._nodes)
        {
            await node.Cache.OpenAsync(Cancellation);
        }

        return nodes;
    }

    public static StateKey Key(string text) => new(new Scope(ResourceName.Default, ResourceName.Default), text);

    public static string? TextOf(StateRecord? record) => record?.Value switch
    {
        LwwRegister register => Encoding.UTF8.GetString(register.Payload.Content.Span),
        CausalRegister register => Encoding.UTF8.GetString(register.Newest.Content.Span),
        _ => null,
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.Platform.DisposeAsync();
        }

        await Task.WhenAll(_nodes.Select(static node => node.Engine.DisposeAsync().AsTask()));
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>One node.</summary>
    internal sealed class Node : INodeLink, IInvoker, IFunctionCatalog, ITopicPublishing
    {
        private readonly TwoNodes _nodes;
        private readonly ConcurrentDictionary<NodeTopic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>> _handlers = [];

        public Node(TwoNodes nodes, NodeName name, ClusterView view)
        {
            _nodes = nodes;
            Self = name;
            View = view;
            var clock = new HybridClock(TimeProvider.System);
            var log = new WriteAheadLog(new WriteAheadLogOptions { Directory = Path.Combine(nodes._folder, name.Value), Durability = Durability.Interval }, clock, NullLogger<WriteAheadLog>.Instance);

            // A second is long for an answer within a process: no test waits for it, and none fails on a slow machine.
            Cache = new StateCache(new ReplicaId((ulong)(nodes._nodes.Count + 1)), new SharedStore(nodes._store), log, this, clock, TimeProvider.System, new StateCacheOptions { LocatePatience = TimeSpan.FromSeconds(1) });
            Engine = new StateEngine(Cache, TimeProvider.System, this, clock);
            Platform = new PlatformCalls(Engine, this, this, this, new PlacementRules(new FixedRandom(), TimeProvider.System), this, new Random(7), TimeProvider.System);
        }

        public event Action<ClusterView>? ViewChanged
        {
            // Nobody comes or goes.
            add { }
            remove { }
        }

        public NodeName Self { get; }

        public NodeName Name => Self;

        public ClusterView View { get; }

        public StateCache Cache { get; }

        public StateEngine Engine { get; }

        public PlatformCalls Platform { get; }

        /// <summary>What functions were called with here.</summary>
        public ConcurrentQueue<Invocation> Invoked { get; } = new();

        /// <summary>Whether the node knows the functions' versions.</summary>
        public bool KnowsVersions { get; set; } = true;

        /// <summary>How calls to the other node fail; null when they do not.</summary>
        public Func<NodeName, NodeUnreachableException>? Fails { get; set; }

        public ValueTask<string> PublishAsync(FunctionName function, FunctionPublication publication, CancellationToken cancellation) =>
            ValueTask.FromException<string>(new ProblemException(KnownProblems.Unavailable("These nodes have no topics.", "Use one that has.")));

        public Invocation Call(Consistency consistency = Consistency.Lww, int depth = 0, long deadline = long.MaxValue)
        {
            var call = new Invocation
            {
                Id = InvocationId.New(TimeProvider.System),
                Function = Version("asking", consistency),
                Depth = depth,
                Deadline = deadline,
                ReceivedAt = TimeProvider.System.GetTimestamp(),
            };
            Platform.CallStarted(call);
            return call;
        }

        /// <summary>Calls a function by a function; gives what it answered.</summary>
        public async Task<string> AskAsync(Invocation caller, Action<ArrayBufferWriter<byte>> write, CancellationToken? cancellation = null)
        {
            var request = new ArrayBufferWriter<byte>();
            write(request);
            var answer = new ArrayBufferWriter<byte>();
            await Platform.AnswerAsync(caller, request.WrittenMemory, answer, cancellation ?? Cancellation);
            return Read(answer.WrittenSpan);
        }

        public Task PutAsync(string key, string value, StateSession? session = null) =>
            Engine.ApplyAsync(session, Key(key), new PutMutation(Payload.Of(PayloadTag.Text, Encoding.UTF8.GetBytes(value))), Cancellation).AsTask();

        public async Task<string?> ReadAsync(string key, StateSession? session = null) => TextOf(await Engine.ReadAsync(session, Key(key), Cancellation));

        public void Handle(NodeTopic topic, Func<NodeName, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler) => _handlers[topic] = handler;

        public void Post(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body) => _ = AskAsync(to, topic, body, CancellationToken.None).AsTask();

        public async ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeName to, NodeTopic topic, ReadOnlyMemory<byte> body, CancellationToken cancellation)
        {
            if (topic == NodeTopic.FunctionCall && Fails is { } fails)
            {
                throw fails(to);
            }

            var copy = body.ToArray();
            await Task.Yield();
            return await _nodes._nodes.First(node => node.Self == to)._handlers[topic](Self, copy, cancellation);
        }

        public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation) =>
            new(KnowsVersions ? Version(name.Name.Value, Consistency.Lww) : null);

        public async ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
        {
            Invoked.Enqueue(invocation);
            return await _nodes.Handler(this, invocation, cancellation);
        }

        private static FunctionVersion Version(string name, Consistency consistency) => new()
        {
            Name = new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse(name)),
            Version = 1,
            Spec = new FunctionSpec { Environment = "node", Package = "none", Consistency = consistency },
            BuiltPackage = "none",
        };

        private static string Read(ReadOnlySpan<byte> answer)
        {
            var reader = new State.Binary.ByteReader(answer);
            reader.ReadByte().ShouldBe((byte)0);
            reader.ReadVarint().ShouldBe(200u);
            reader.ReadText();
            return Encoding.UTF8.GetString(reader.ReadBytes());
        }
    }

    /// <summary>Never sends a call anywhere by chance.</summary>
    private sealed class FixedRandom : Random
    {
        public override double NextDouble() => 0.99;
    }

    /// <summary>One store of both nodes, which is opened and closed by neither.</summary>
    private sealed class SharedStore(IStateStore store) : IStateStore
    {
        public ValueTask OpenAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyList<StateRecord?>> FindAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation) => store.FindAsync(keys, cancellation);

        public ValueTask<IReadOnlyList<StateRecord>> MergeAsync(IReadOnlyList<StateDelta> deltas, CancellationToken cancellation) => store.MergeAsync(deltas, cancellation);

        public ValueTask<(bool Held, StateRecord? Record)> MutateIfAsync(StateKey key, StateCondition condition, StateMutation mutation, MutationContext context, CancellationToken cancellation) =>
            store.MutateIfAsync(key, condition, mutation, context, cancellation);

        public ValueTask<StateListing> ListAsync(Scope scope, string prefix, string? after, int limit, CancellationToken cancellation) => store.ListAsync(scope, prefix, after, limit, cancellation);

        public ValueTask<long> CursorAsync(CancellationToken cancellation) => store.CursorAsync(cancellation);

        public ValueTask<StateChanges> ChangesAsync(Scope scope, string prefix, long cursor, int limit, TimeSpan patience, CancellationToken cancellation) =>
            store.ChangesAsync(scope, prefix, cursor, limit, patience, cancellation);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
