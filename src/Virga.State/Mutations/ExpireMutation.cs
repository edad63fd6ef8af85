using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Mutations;

/// <summary>Deletes a key if it has expired, and does nothing else. The deletion is of the generation that every node begins which finds it expired: what they write meanwhile is not lost.</summary>
internal sealed class ExpireMutation : StateMutation
{
    public static readonly ExpireMutation Instance = new();

    private static readonly DeleteMutation Deletion = new();

    public override StateRecord Delta(StateRecord? current, in MutationContext context) =>
        current is { Value: not null } && !current.IsLive(context.UnixMilliseconds) ? Deletion.Delta(current, context)
        : current ?? new StateRecord(HybridTimestamp.Zero, null);
}
