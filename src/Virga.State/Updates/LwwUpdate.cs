using System.Text.Json;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"lww":VALUE}</c></summary>
internal sealed class LwwUpdate(Payload payload) : StateUpdate
{
    private readonly PutMutation _put = new(payload);

    public static LwwUpdate Read(JsonPlace place) => new(ElementJson.Raw(place));

    public override StateRecord Delta(StateRecord? current, in MutationContext context) => _put.Delta(current, context);

    // What was put, whatever has been written since.
    public override void WriteResult(Utf8JsonWriter output, StateRecord merged) => StateJson.Write(output, payload);
}
