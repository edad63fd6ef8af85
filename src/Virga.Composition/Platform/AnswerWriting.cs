using System.Buffers;
using Virga.Core.Problems;
using Virga.State.Binary;

namespace Virga.Composition.Platform;

/// <summary>How answers to functions begin.</summary>
internal static class AnswerWriting
{
    private const byte Ok = 0;
    private const byte Failed = 1;

    /// <summary>What was asked for follows.</summary>
    public static void WriteOk(this IBufferWriter<byte> answer) => answer.WriteByte(Ok);

    /// <summary>A problem instead of an answer: it goes to the answer's end.</summary>
    public static void WriteProblem(this IBufferWriter<byte> answer, Problem problem)
    {
        answer.WriteByte(Failed);
        answer.Write(ProblemJson.Format(problem).Span);
    }

    /// <summary>A problem instead of one result of several.</summary>
    public static void WriteFailedResult(this IBufferWriter<byte> answer, Problem problem)
    {
        answer.WriteByte(Failed);
        answer.WriteBytes(ProblemJson.Format(problem).Span);
    }
}
