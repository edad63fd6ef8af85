using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Stores.Embedded;

/// <summary>Deletes a key if it has expired, in the generation in which every other node that finds it expired begins a new value: what they write meanwhile is not lost.</summary>
internal sealed class ExpireMutation : StateMutation
{
    public static readonly ExpireMutation Instance = new();

    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        if (current is null || current.Value is null || current.IsLive(context.UnixMilliseconds))
        {
            return current ?? new StateRecord(HybridTimestamp.Zero, null);
        }

        return new StateRecord(HybridTimestamp.Max(HybridTimestamp.At(current.Expiry!.At), new HybridTimestamp(current.Generation.Value + 1)), null);
    }
}
