using System.Buffers;
using Virga.Composition.Platform;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.State.Binary;

namespace Virga.Composition.Calls;

/// <summary>What a called function answers, as the calling one gets it.</summary>
internal static class CallAnswer
{
    /// <summary>The greatest answer that a caller gets, in bytes.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>Reads an answer to its end and writes it.</summary>
    /// <exception cref="ProblemException">There is a problem instead, or the answer is too large.</exception>
    public static async ValueTask WriteAsync(InvocationResult result, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        if (result.Problem is { } problem)
        {
            throw new ProblemException(problem);
        }

        if (result.BodyStream is not { } stream)
        {
            WriteHead(result, answer, result.Body.Length);
            answer.Write(result.Body.Span);
            return;
        }

        // Its length stands before it, and is not known before its end.
        var body = new ArrayBufferWriter<byte>(Invocation.MaxInlineBody);
        while (true)
        {
            var read = await stream.ReadAsync(cancellation);
            if (body.WrittenCount + read.Buffer.Length > MaxBytes)
            {
                throw new ProblemException(KnownProblems.RequestTooLarge($"The called function's answer has more than {MaxBytes:N0} bytes."));
            }

            foreach (var segment in read.Buffer)
            {
                body.Write(segment.Span);
            }

            stream.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                WriteHead(result, answer, body.WrittenCount);
                answer.Write(body.WrittenSpan);
                return;
            }
        }
    }

    private static void WriteHead(InvocationResult result, IBufferWriter<byte> answer, int length)
    {
        answer.WriteOk();
        answer.WriteVarint((ulong)result.Status);
        answer.WriteText(ContentType(result.Headers));
        answer.WriteVarint((ulong)length);
    }

    private static string ContentType(IReadOnlyList<KeyValuePair<string, string>>? headers)
    {
        if (headers is null)
        {
            return "application/json";
        }

        foreach (var (name, value) in headers)
        {
            if (string.Equals(name, "content-type", StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return "";
    }
}
