using System.Buffers;
using System.IO.Pipelines;
using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Composition.Dags.Steps;

/// <summary>
/// One step's result on its way to others, in the buffer in which it came. Whoever it is handed to holds it and releases it once; the last one gives the buffer back.
/// </summary>
internal sealed class StepValue
{
    /// <summary>The greatest result, in bytes.</summary>
    public const int MaxBytes = 16 << 20;

    private readonly InvocationResult? _result;
    private readonly byte[]? _rented;
    private int _holders = 1;

    private StepValue(in ReadOnlySequence<byte> body, string? contentType, InvocationResult? result, byte[]? rented)
    {
        Body = body;
        ContentType = contentType;
        _result = result;
        _rented = rented;
    }

    /// <summary>The bytes.</summary>
    public ReadOnlySequence<byte> Body { get; }

    /// <summary>Their media type; null for JSON.</summary>
    public string? ContentType { get; }

    /// <summary>Whether they are JSON by their media type.</summary>
    public bool IsJson => MediaTypes.IsJson(ContentType);

    /// <summary>Bytes that somebody else keeps.</summary>
    public static StepValue Borrowed(in ReadOnlySequence<byte> body, string? contentType) => new(body, contentType, null, null);

    /// <summary>Bytes in an array of the shared pool, which becomes this value's.</summary>
    public static StepValue Rented(byte[] rented, int length, string? contentType) => new(new ReadOnlySequence<byte>(rented, 0, length), contentType, null, rented);

    /// <summary>A copy, in an array of the shared pool.</summary>
    public static StepValue Copied(in ReadOnlySequence<byte> body, string? contentType)
    {
        var rented = ArrayPool<byte>.Shared.Rent((int)Math.Max(1, body.Length));
        body.CopyTo(rented);
        return Rented(rented, (int)body.Length, contentType);
    }

    /// <summary>A function's whole answer, kept in the answer's own buffer.</summary>
    public static StepValue Of(InvocationResult result) => new(new ReadOnlySequence<byte>(result.Body), MediaTypes.Of(result.Headers), result, null);

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="ProblemException"><c>body-too-large</c>, or what the writer's side says.</exception>
    public static async ValueTask<StepValue> ReadAsync(PipeReader stream, string? contentType, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await stream.ReadAsync(cancellation);
                if (length + read.Buffer.Length > MaxBytes)
                {
                    stream.AdvanceTo(read.Buffer.Start);
                    throw new ProblemException(KnownProblems.BodyTooLarge($"What goes from step to step may have {MaxBytes:N0} bytes."));
                }

                Grow(ref buffer, length, (int)read.Buffer.Length);
                read.Buffer.CopyTo(buffer.AsSpan(length));
                length += (int)read.Buffer.Length;
                stream.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return Rented(buffer, length, contentType);
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>One more holder.</summary>
    public StepValue Retain()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <summary>One holder less.</summary>
    public ValueTask ReleaseAsync()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
        {
            return ValueTask.CompletedTask;
        }

        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }

        return _result?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private static void Grow(ref byte[] buffer, int length, int more)
    {
        if (buffer.Length - length >= more)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + more));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
