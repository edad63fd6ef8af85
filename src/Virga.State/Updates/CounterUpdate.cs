using System.Text.Json;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"counter":{"increment":5}}</c></summary>
internal sealed class CounterUpdate(long amount) : StateUpdate
{
    private readonly IncrementMutation _increment = new(amount);

    public static CounterUpdate Read(JsonPlace place)
    {
        var amount = place.Only(out var name);
        return name == "increment" ? new CounterUpdate(amount.Integer()) : throw place.Refuse("{\"increment\":NUMBER} is expected.");
    }

    public override StateRecord Delta(StateRecord? current, in MutationContext context) => _increment.Delta(current, context);

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged) => output.WriteNumberValue(IncrementMutation.ValueOf(merged));
}
