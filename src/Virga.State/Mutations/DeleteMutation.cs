using Virga.State.Records;

namespace Virga.State.Mutations;

/// <summary>Deletes a key, whatever it holds: a new generation without a value. What does not exist is left as it is.</summary>
public sealed class DeleteMutation : StateMutation
{
    /// <inheritdoc/>
    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        return ground.Value is null ? new StateRecord(ground.Generation, null) : new StateRecord(ground.Next(context.Now), null, null, ground.Replacing(context));
    }
}
