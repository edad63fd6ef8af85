using System.Buffers;
using System.IO.Pipelines;
using Virga.Worker.Channel;

namespace Virga.Worker.Calls;

/// <summary>A request body that arrives while it is read; what has been read is credited to the node.</summary>
internal sealed class RequestBody(uint call, FrameWriter writer) : Stream
{
    /// <summary>Credit is given back in pieces of that size, so that it does not cost a frame per read.</summary>
    private const int CreditStep = FrameLimits.InitialCredit / 4;

    // The node's credit is the bound, so the pipe needs none of its own.
    private readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Lock gate = new();
    private int uncredited;
    private int consumed;
    private bool isDiscarded;
    private bool hasEnded;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("A streamed body has no known length.");

    public override long Position
    {
        get => throw new NotSupportedException("A streamed body has no position.");
        set => throw new NotSupportedException("A streamed body has no position.");
    }

    /// <summary>Takes the next piece from the node.</summary>
    public void Feed(ReadOnlySpan<byte> piece)
    {
        lock (gate)
        {
            if (!isDiscarded)
            {
                piece.CopyTo(pipe.Writer.GetSpan(piece.Length));
                pipe.Writer.Advance(piece.Length);
                uncredited += piece.Length;
                Flush();
                return;
            }
        }

        writer.SendWindow(call, piece.Length);
    }

    /// <summary>The body is complete, or broken by <paramref name="error"/>.</summary>
    public void End(Exception? error)
    {
        lock (gate)
        {
            if (!hasEnded)
            {
                hasEnded = true;
                pipe.Writer.Complete(error);
            }
        }
    }

    /// <summary>Nobody reads the rest: it is credited as it arrives and thrown away.</summary>
    public void Discard()
    {
        int credit;
        lock (gate)
        {
            if (isDiscarded)
            {
                return;
            }

            isDiscarded = true;
            credit = uncredited;
        }

        if (credit > 0)
        {
            writer.SendWindow(call, credit);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        ReadResult result = await pipe.Reader.ReadAsync(cancellationToken);
        int count = (int)Math.Min(result.Buffer.Length, buffer.Length);
        ReadOnlySequence<byte> piece = result.Buffer.Slice(0, count);
        piece.CopyTo(buffer.Span);
        pipe.Reader.AdvanceTo(piece.End);
        Consume(count);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
        // Without a threshold a flush never waits: it only wakes the reader.
        ValueTask<FlushResult> flushed = pipe.Writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("An unbounded pipe made its writer wait.");
        }
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A streamed body cannot be sought.");

    public override void SetLength(long value) => throw new NotSupportedException("A request body is read-only.");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("A request body is read-only.");

    private void Consume(int count)
    {
        int credit;
        lock (gate)
        {
            consumed += count;
            if (isDiscarded || consumed < CreditStep)
            {
                return;
            }

            credit = consumed;
            uncredited -= consumed;
            consumed = 0;
        }

        writer.SendWindow(call, credit);
    }
}
