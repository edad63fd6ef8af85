using System.Buffers;
using Virga.Core.Names;
using Virga.State.Binary;
using Virga.State.Lattices;

namespace Virga.Composition.Calls;

/// <summary>A function's call of another as it goes to another node.</summary>
/// <param name="Function">What is called.</param>
/// <param name="Version">The version that the caller's node has chosen.</param>
/// <param name="Depth">How many calls led to it.</param>
/// <param name="Remaining">How long it may still take; null for no bound.</param>
/// <param name="TraceParent">W3C trace context; null for none.</param>
/// <param name="Argument">The argument; null for none.</param>
/// <param name="References">The keys that it refers to.</param>
/// <param name="Session">The session, encoded; empty for none.</param>
internal sealed record CallMessage(
    FunctionName Function,
    long Version,
    int Depth,
    TimeSpan? Remaining,
    string? TraceParent,
    Payload? Argument,
    IReadOnlyList<string> References,
    ReadOnlyMemory<byte> Session)
{
    private const byte Format = 1;

    public ReadOnlyMemory<byte> Write()
    {
        var argument = Argument is { } given ? given.Bytes : default;
        var output = new ArrayBufferWriter<byte>(256 + argument.Length + Session.Length);
        output.WriteByte(Format);
        output.WriteText(Function.Tenant.Value);
        output.WriteText(Function.Namespace.Value);
        output.WriteText(Function.Name.Value);
        output.WriteVarint((ulong)Version);
        output.WriteVarint((ulong)Depth);

        // In microseconds and one more: 0 is no bound. The clocks of nodes say nothing to each other, time that is left does.
        output.WriteVarint(Remaining is { } remaining ? 1 + (ulong)Math.Max(0, remaining.TotalMicroseconds) : 0);
        output.WriteText(TraceParent ?? "");
        output.WriteBytes(argument.Span);
        output.WriteVarint((ulong)References.Count);
        foreach (var reference in References)
        {
            output.WriteText(reference);
        }

        output.WriteBytes(Session.Span);
        return output.WrittenMemory;
    }

    /// <exception cref="StateEncodingException">It cannot be read.</exception>
    public static CallMessage Read(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        if (reader.ReadByte() is var format and not Format)
        {
            throw new StateEncodingException($"The format {format} of a call is not known.");
        }

        var function = new FunctionName(ReadName(ref reader), ReadName(ref reader), ReadName(ref reader));
        var version = (long)Math.Min(reader.ReadVarint(), long.MaxValue);
        var depth = (int)Math.Min(reader.ReadVarint(), int.MaxValue);
        var remaining = reader.ReadVarint();
        var trace = reader.ReadText();
        var argument = reader.ReadBytes();
        Payload? payload = argument.IsEmpty ? null : new Payload(argument.ToArray());
        var references = new string[reader.ReadCount(1)];
        for (var i = 0; i < references.Length; i++)
        {
            references[i] = reader.ReadText();
        }

        var session = reader.ReadBytes().ToArray();
        return reader.IsAtEnd
            ? new CallMessage(function, version, depth, remaining == 0 ? null : TimeSpan.FromMicroseconds(Math.Min(remaining - 1, 1e15)), trace.Length == 0 ? null : trace, payload, references, session)
            : throw new StateEncodingException("Something follows the call.");
    }

    private static ResourceName ReadName(ref ByteReader reader) => ResourceName.TryParse(reader.ReadText(), out var name) ? name : throw new StateEncodingException("A name is not valid.");
}
