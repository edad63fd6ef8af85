using System.Text.Json;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Updates;

/// <summary><c>{"log":{"append":["x"],"keep":1000}}</c></summary>
internal sealed class LogUpdate(IReadOnlyList<Payload> entries, int? keep) : StateUpdate
{
    public static LogUpdate Read(JsonPlace place)
    {
        List<Payload> entries = [];
        int? keep = null;
        foreach (var (name, value) in place.Members())
        {
            switch (name)
            {
                case "append":
                    entries.AddRange(value.Items().Select(ElementJson.Element));
                    break;
                case "keep":
                    keep = value.Integer(1, StateLimits.MaxLogEntries);
                    break;
                default:
                    throw value.Refuse("only 'append' and 'keep' are known here.");
            }
        }

        return new LogUpdate(entries, keep);
    }

    public override StateRecord Delta(StateRecord? current, in MutationContext context)
    {
        var ground = MutationGround.Of(current, context);
        var log = ground.Require<LogLattice>(LatticeKind.Log) ?? LogLattice.Empty;
        return ground.Delta(log.Delta(entries, keep, context.Replica, ground.Next(context.Now)), context);
    }

    public override void WriteResult(Utf8JsonWriter output, StateRecord merged)
    {
        output.WriteStartObject();
        output.WriteNumber("size", Holding<LogLattice>(merged, LatticeKind.Log).Count);
        output.WriteEndObject();
    }
}
