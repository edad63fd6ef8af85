using Virga.Core.Invocations;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>What function pools need of their node.</summary>
/// <param name="Source">Where they get instances from.</param>
/// <param name="Queue">The places of all calls that wait on the node.</param>
/// <param name="Scale">Who hears of their decisions.</param>
/// <param name="IsProcessorBusy">Whether the processors have no time left: more instances would only slow each other down.</param>
/// <param name="RelieveMemory">Gives memory back that is not used, because somebody waits for some.</param>
/// <param name="Stopping">Fires when the node stops starting instances.</param>
internal sealed record FunctionPoolServices(
    InstanceSource Source, NodeQueue Queue, IScaleObserver Scale, Func<bool> IsProcessorBusy, Action RelieveMemory, CancellationToken Stopping);
