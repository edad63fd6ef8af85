using Microsoft.Extensions.Logging;
using Virga.Composition.Dags.Messages;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;
using Virga.State;

namespace Virga.Composition.Dags;

/// <summary>What every run on a node works with.</summary>
/// <param name="Invoker">Calls functions.</param>
/// <param name="Functions">Finds them.</param>
/// <param name="Link">Reaches other nodes.</param>
/// <param name="State">Sessions of shared state; null on a node without it, where every DAG runs as with <see cref="Consistency.Lww"/>.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The node's log.</param>
internal sealed record DagServices(IInvoker Invoker, IFunctionCatalog Functions, INodeLink Link, StateEngine? State, TimeProvider Time, ILogger Logger)
{
    /// <summary>This node.</summary>
    public NodeName Self { get; } = Link.Self;

    /// <summary>What crosses between nodes.</summary>
    public DagMessenger Messenger { get; } = new(Link);

    /// <summary>Counts what runs, so that the node can wait for its end.</summary>
    public RunningWork Work { get; } = new();
}
