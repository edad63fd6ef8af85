using System.Buffers;
using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Triggers.Calls;

/// <summary>A function's answer, read to its end.</summary>
/// <param name="Body">Its bytes, a copy; empty where nobody wants them.</param>
/// <param name="ContentType">What they are.</param>
internal readonly record struct CallAnswer(ReadOnlyMemory<byte> Body, string ContentType)
{
    /// <summary>The greatest answer that is published or looked into, in bytes.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>Reads an answer to its end, so that the function is not broken off, and keeps it if it is wanted.</summary>
    /// <exception cref="ProblemException">The function has failed half-way, or the answer is too large to be kept.</exception>
    public static async ValueTask<CallAnswer> ReadAsync(InvocationResult result, bool isWanted, CancellationToken cancellation)
    {
        var type = ContentTypeOf(result.Headers);
        if (result.BodyStream is not { } stream)
        {
            return new CallAnswer(isWanted ? result.Body.ToArray() : default, type);
        }

        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await stream.ReadAsync(cancellation);
            if (isWanted)
            {
                Append(body, read.Buffer);
            }

            stream.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return new CallAnswer(body.WrittenMemory, type);
            }
        }
    }

    private static void Append(ArrayBufferWriter<byte> body, ReadOnlySequence<byte> piece)
    {
        if (body.WrittenCount + piece.Length > MaxBytes)
        {
            throw new ProblemException(KnownProblems.InvalidAnswer("too-large", $"The function's answer has more than {MaxBytes >> 20} MiB."));
        }

        foreach (var segment in piece)
        {
            body.Write(segment.Span);
        }
    }

    private static string ContentTypeOf(IReadOnlyList<KeyValuePair<string, string>>? headers)
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

        return "application/octet-stream";
    }
}
