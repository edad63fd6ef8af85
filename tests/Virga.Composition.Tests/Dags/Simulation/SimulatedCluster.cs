using System.Buffers;
using System.Text;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;

namespace Virga.Composition.Tests.Dags.Simulation;

/// <summary>Nodes over a network that delays, reorders and repeats messages, whose functions are written by the test.</summary>
internal sealed class SimulatedCluster : IFunctionCatalog
{
    private readonly List<SimulatedNode> _nodes = [];
    private readonly Dictionary<string, FunctionVersion> _functions = new(StringComparer.Ordinal);
    private readonly Func<string, string, string> _function;
    private readonly double _repeats;

    /// <param name="seed">Decides everything that is left to chance.</param>
    /// <param name="nodes">How many nodes.</param>
    /// <param name="function">From a function's name and the body to its answer.</param>
    /// <param name="repeats">Which part of the messages arrives twice.</param>
    public SimulatedCluster(int seed, int nodes, Func<string, string, string> function, double repeats = 0.2)
    {
        Events = new SimulatedEvents(seed);
        Time = new SimulatedTime(Events);
        _function = function;
        _repeats = repeats;
        ClusterMember[] members = [.. Enumerable.Range(0, nodes).Select(i => new ClusterMember(NodeName.Parse($"n{i}"), 1, "", 0))];
        foreach (var member in members)
        {
            _nodes.Add(new SimulatedNode(this, member.Name, new ClusterView(1, members)));
        }
    }

    public SimulatedEvents Events { get; }

    public SimulatedTime Time { get; }

    public TestDags Dags { get; } = new();

    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>Which functions were called, on which node, in order.</summary>
    public List<(string Function, string Node)> Calls { get; } = [];

    /// <summary>Answers that nobody has given back.</summary>
    public int Open { get; private set; }

    public SimulatedNode? Find(NodeName name) => _nodes.Find(node => node.Self == name);

    /// <summary>Begins a run on the first node; the simulation goes on with <see cref="SimulatedEvents.Run"/>.</summary>
    public SimulatedRun Begin(string dag, string input) => BeginFor(null, dag, input);

    /// <summary>The same for a client that may leave.</summary>
    public SimulatedRun BeginFor(CancellationTokenSource? client, string dag, string input)
    {
        var call = new DagCall { Id = InvocationId.New(Time), Dag = TestDags.Name(dag), Body = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(input)), ReceivedAt = Time.GetTimestamp() };
        var run = new SimulatedRun();
        _ = run.WatchAsync(_nodes[0].Engine.InvokeAsync(call, client?.Token ?? CancellationToken.None));
        return run;
    }

    /// <summary>Ends a node without warning; the others notice some time later.</summary>
    public void Kill(SimulatedNode node)
    {
        node.Die();
        var view = new ClusterView(2, [.. _nodes.Where(other => other.IsAlive).Select(other => new ClusterMember(other.Self, 1, "", 0))]);
        foreach (var other in _nodes.Where(other => other.IsAlive))
        {
            Events.Add(() => other.See(view));
        }
    }

    /// <summary>A message is under way.</summary>
    public void Arrives(Action delivery)
    {
        Events.Add(delivery);
        if (Events.Random.NextDouble() < _repeats)
        {
            Events.Add(delivery);
        }
    }

    public InvocationResult Call(Invocation invocation, SimulatedNode node)
    {
        var name = invocation.Function.Name.Name.Value;
        Calls.Add((name, node.Self.Value));
        try
        {
            return new ScriptedResult(_function(name, Encoding.UTF8.GetString(invocation.Body)), count => Open += count);
        }
        catch (InvalidOperationException thrown)
        {
            return new ScriptedResult(Core.Problems.KnownProblems.FunctionError("Error", thrown.Message, null));
        }
    }

    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation)
    {
        if (!_functions.TryGetValue(name.Name.Value, out var function))
        {
            _functions[name.Name.Value] = function = new FunctionVersion { Name = name, Version = 1, Spec = new FunctionSpec { Environment = "node", Package = "" }, BuiltPackage = "" };
        }

        return ValueTask.FromResult<FunctionVersion?>(function);
    }
}
