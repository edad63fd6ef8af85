using Virga.Composition.Placement;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State;
using Virga.State.Keys;

namespace Virga.Composition.Calls;

/// <summary>Chooses where a function that a function calls runs: here, unless other nodes have the keys that its argument refers to.</summary>
internal sealed class CallPlacement(StateEngine engine, INodeLink link, PlacementRules rules)
{
    /// <summary>The greatest argument that goes to another node, in bytes: what is larger is moved more dearly than keys are.</summary>
    public const int MaxArgument = 1 << 20;

    /// <summary>This node.</summary>
    public NodeName Self => link.Self;

    /// <summary>The node for a call.</summary>
    public async ValueTask<NodeName> ChooseAsync(Invocation caller, CallRequest call, CancellationToken cancellation)
    {
        var view = link.View;
        if (call.References.Count == 0 || view.Members.Count <= 1 || call.Argument?.Bytes.Length > MaxArgument)
        {
            return link.Self;
        }

        var scope = new Scope(caller.Function.Name.Tenant, caller.Function.Name.Namespace);
        var keys = new List<StateKey>(call.References.Count);
        foreach (var text in call.References)
        {
            // What is no key is refused where it is read.
            if (!StateKey.IsValid(text))
            {
                return link.Self;
            }

            keys.Add(new StateKey(scope, text));
        }

        await engine.LocateAsync(keys, cancellation);
        return NodeChoice.Of(call.References, link.Self, view, key => engine.HoldersOf(new StateKey(scope, key)), rules.IsAvoided, rules.Draw);
    }
}
