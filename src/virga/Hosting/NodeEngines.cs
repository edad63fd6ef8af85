using Virga.Composition.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Topics;
using Virga.Execution;
using Virga.State;
using Virga.Streams;
using Virga.Triggers;

namespace Virga.Hosting;

/// <summary>
/// What the control API needs of engines that start after it has been built: execution reads the functions that control
/// keeps, and control invokes them through execution.
/// </summary>
internal sealed class NodeEngines : IInvoker, IFunctionLifecycleListener, ITopicPublishing
{
    /// <summary>Null until the node has started it.</summary>
    public ExecutionEngine? Execution { get; set; }

    /// <summary>Null until the node has started it.</summary>
    public DagEngine? Dags { get; set; }

    /// <summary>Null until the node knows the others.</summary>
    public NodeMembership? Membership { get; set; }

    /// <summary>Null until the node has opened it.</summary>
    public StateEngine? State { get; set; }

    /// <summary>Null until the node has opened them, and for a node whose cluster has no place for them.</summary>
    public NodeTopics? Topics { get; set; }

    /// <summary>Serves Pulsar's clients; null until the node has started it, and where it serves none.</summary>
    public Pulsar.Server.PulsarServer? Pulsar { get; set; }

    /// <summary>Null until the node has started it.</summary>
    public TriggerEngine? Triggers { get; set; }

    /// <summary>Null until the node has started it, and for a node whose cluster has no place for topics.</summary>
    public StreamEngine? Streams { get; set; }

    /// <summary>Where functions are served.</summary>
    public Uri? GatewayAddress { get; set; }

    /// <summary>Whether the node serves.</summary>
    public bool IsReady { get; set; }

    /// <summary>Shared state, for a request that needs it.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: the node is starting.</exception>
    public StateEngine RequireState() => State ?? throw Starting();

    /// <summary>Topics, for a request that needs them.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: the node is starting, or its cluster has no place for topics.</exception>
    public NodeTopics RequireTopics() => Topics ?? throw (IsReady ? new ProblemException(NodeTopics.Missing) : Starting());

    /// <summary>Stream functions, for a request that needs them.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: the node is starting, or its cluster has no place for topics.</exception>
    public StreamEngine RequireStreams()
    {
        RequireTopics();
        return Streams ?? throw Starting();
    }

    /// <summary>Triggers, for a request about one.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: the node is starting, or its cluster has no place for topics.</exception>
    public TriggerEngine RequireTriggers()
    {
        RequireTopics();
        return Triggers ?? throw Starting();
    }

    /// <inheritdoc/>
    public ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation) => (Execution ?? throw Starting()).Scheduler.InvokeAsync(invocation, cancellation);

    /// <inheritdoc/>
    public ValueTask<string> PublishAsync(FunctionName function, FunctionPublication publication, CancellationToken cancellation) =>
        RequireTopics().Publishing.PublishAsync(function, publication, cancellation);

    /// <inheritdoc/>
    public ValueTask PrepareAsync(FunctionVersion version, CancellationToken cancellation) =>
        Execution?.Scheduler.PrepareAsync(version, cancellation) ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void VersionLive(FunctionVersion version) => Execution?.Scheduler.VersionLive(version);

    /// <inheritdoc/>
    public void VersionRetired(FunctionVersion version) => Execution?.Scheduler.VersionRetired(version);

    private static ProblemException Starting() => new(KnownProblems.Unavailable("The node is starting.", "Try again when /readyz says 200."));
}
