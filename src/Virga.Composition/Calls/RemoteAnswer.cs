using System.Buffers;
using Virga.Composition.Dags.Messages;
using Virga.Core.Problems;
using Virga.State.Binary;

namespace Virga.Composition.Calls;

/// <summary>What a node says to a call that came from another.</summary>
/// <param name="Kind">How it went.</param>
/// <param name="IsSessionLost">Whether a version that the session has read is gone.</param>
/// <param name="Session">The session as it is after the call, encoded; empty for none.</param>
/// <param name="Problem">What went wrong.</param>
/// <param name="Answer">The answer as the calling function gets it.</param>
internal sealed record RemoteAnswer(RemoteAnswerKind Kind, bool IsSessionLost, ReadOnlyMemory<byte> Session, Problem? Problem, ReadOnlyMemory<byte> Answer)
{
    /// <summary>The node does not know the version yet, and has called nothing.</summary>
    public static RemoteAnswer NotHere { get; } = new(RemoteAnswerKind.NotHere, false, default, null, default);

    public ReadOnlyMemory<byte> Write()
    {
        var output = new ArrayBufferWriter<byte>(64 + Session.Length + Answer.Length);
        output.WriteByte((byte)Kind);
        output.WriteByte(IsSessionLost ? (byte)1 : (byte)0);
        output.WriteBytes(Session.Span);
        if (Kind == RemoteAnswerKind.Failed)
        {
            ProblemForm.Write(output, Problem!);
        }
        else
        {
            output.WriteBytes(Answer.Span);
        }

        return output.WrittenMemory;
    }

    /// <exception cref="StateEncodingException">It cannot be read.</exception>
    public static RemoteAnswer Read(ReadOnlyMemory<byte> message)
    {
        var reader = new ByteReader(message.Span);
        var kind = (RemoteAnswerKind)reader.ReadByte();
        var isLost = reader.ReadByte() != 0;
        var session = reader.ReadBytes().ToArray();
        return kind switch
        {
            RemoteAnswerKind.NotHere => NotHere,
            RemoteAnswerKind.Failed => new RemoteAnswer(kind, isLost, session, ProblemForm.Read(ref reader), default),
            RemoteAnswerKind.Answered => new RemoteAnswer(kind, isLost, session, null, reader.ReadBytes().ToArray()),
            _ => throw new StateEncodingException($"An answer of the kind {(byte)kind} is not known."),
        };
    }
}
