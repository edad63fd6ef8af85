using System.Buffers;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.Composition.Dags.Accepted;

/// <summary>A run that was accepted and has not ended, as it is kept in shared state.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Dag">What is run.</param>
/// <param name="AcceptedAt">When it was accepted, in Unix milliseconds.</param>
/// <param name="Owner">The node that runs it.</param>
/// <param name="Incarnation">Which run of that node.</param>
/// <param name="Begun">How often it has been begun: once, and once more for each node that was lost with it.</param>
/// <param name="ContentType">The input's media type; null for JSON.</param>
/// <param name="Input">The input.</param>
internal sealed record AcceptedRun(InvocationId Id, DagName Dag, long AcceptedAt, NodeName Owner, long Incarnation, int Begun, string? ContentType, ReadOnlyMemory<byte> Input)
{
    private const byte Format = 1;

    /// <summary>The form in which it is kept.</summary>
    public Payload ToPayload()
    {
        var output = new ArrayBufferWriter<byte>(Input.Length + 256);
        output.WriteByte((byte)PayloadTag.Bytes);
        output.WriteByte(Format);
        output.WriteText(Id.ToString());
        output.WriteText(Dag.Name.Value);
        output.WriteVarint((ulong)AcceptedAt);
        output.WriteText(Owner.Value);
        output.WriteVarint((ulong)Incarnation);
        output.WriteVarint((ulong)Begun);
        output.WriteText(ContentType ?? "");
        output.WriteBytes(Input.Span);
        return new Payload(output.WrittenMemory);
    }

    /// <exception cref="StateEncodingException">It is none.</exception>
    public static AcceptedRun Read(Scope scope, Payload payload)
    {
        var reader = new ByteReader(payload.Content.Span);
        if (reader.ReadByte() != Format || !InvocationId.TryParse(reader.ReadText(), out var id) || !ResourceName.TryParse(reader.ReadText(), out var dag))
        {
            throw new StateEncodingException("An accepted run cannot be read.");
        }

        var acceptedAt = (long)reader.ReadVarint();
        if (!ResourceName.TryParse(reader.ReadText(), out var owner))
        {
            throw new StateEncodingException("An accepted run has no owner.");
        }

        var (incarnation, begun, type) = ((long)reader.ReadVarint(), (int)Math.Min(reader.ReadVarint(), int.MaxValue), reader.ReadText());
        return new AcceptedRun(id, new DagName(scope, dag), acceptedAt, new NodeName(owner), incarnation, begun, type.Length == 0 ? null : type, reader.ReadBytes().ToArray());
    }
}
