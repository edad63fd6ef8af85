using System.Buffers;
using System.IO.Pipelines;
using Virga.Core.Problems;

namespace Virga.Gateway.Requests;

/// <summary>A request's body as it arrives. What the client does wrong comes out as a problem; after the exchange has ended, nothing can be read.</summary>
internal sealed class RequestBodyReader(PipeReader body, long maxBytes) : PipeReader
{
    private volatile bool _ended;
    private long _consumed;
    private ReadOnlySequence<byte> _read;

    /// <summary>Takes the body back: the connection belongs to the server again.</summary>
    public void End()
    {
        _ended = true;
        body.CancelPendingRead();
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        try
        {
            return Checked(await body.ReadAsync(cancellationToken));
        }
        catch (Exception exception) when (RequestProblems.Of(exception, maxBytes) is { } problem)
        {
            throw new ProblemException(problem, exception);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        try
        {
            if (!body.TryRead(out result))
            {
                return false;
            }

            result = Checked(result);
            return true;
        }
        catch (Exception exception) when (RequestProblems.Of(exception, maxBytes) is { } problem)
        {
            throw new ProblemException(problem, exception);
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_ended)
        {
            _consumed += _read.Slice(0, consumed).Length;
            _read = default;
            body.AdvanceTo(consumed, examined);
        }
    }

    public override void CancelPendingRead() => body.CancelPendingRead();

    // The server counts as well, but over HTTP/2 it resets the stream, and the client would never learn why.
    private ReadResult Checked(ReadResult result)
    {
        _read = result.Buffer;
        return _consumed + _read.Length <= maxBytes ? result : throw new ProblemException(RequestProblems.BodyTooLarge(maxBytes));
    }

    // The server completes the body itself when the exchange ends.
    public override void Complete(Exception? exception = null) => End();
}
