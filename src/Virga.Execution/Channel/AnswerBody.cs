using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Virga.Core.Problems;

namespace Virga.Execution.Channel;

/// <summary>
/// A streamed answer on its way from the worker to the caller. The worker's credit bounds what lies here; what the caller
/// has consumed is given back as new credit.
/// </summary>
internal sealed class AnswerBody
{
    private const int WindowStep = 256 << 10;

    private readonly FrameSender _sender;
    private readonly uint _call;
    private readonly Lock _gate = new();
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0, resumeWriterThreshold: 0, minimumSegmentSize: 64 << 10, useSynchronizationContext: false));
    private long _outstanding;
    private long _unread;
    private long _consumed;
    private bool _discard;
    private bool _completed;

    public AnswerBody(FrameSender sender, uint call)
    {
        _sender = sender;
        _call = call;
        Reader = new CreditingReader(this);
    }

    public PipeReader Reader { get; }

    /// <summary>For an answer that nobody waits for: it is let through so that the worker can finish.</summary>
    public static AnswerBody Discarding(FrameSender sender, uint call) => new(sender, call) { _discard = true };

    /// <exception cref="WorkerProtocolException">The worker sent more than it had credit for.</exception>
    public void Write(ReadOnlySpan<byte> piece)
    {
        if (Interlocked.Add(ref _outstanding, piece.Length) > Credit.Initial)
        {
            throw new WorkerProtocolException("The worker sent more of an answer than it had credit for.");
        }

        lock (_gate)
        {
            if (!_discard && !_completed)
            {
                _unread += piece.Length;
                _pipe.Writer.Write(piece);
                var flushed = _pipe.Writer.FlushAsync();
                if (!flushed.IsCompletedSuccessfully)
                {
                    throw new InvalidOperationException("A pipe without a threshold made its writer wait.");
                }

                return;
            }
        }

        GiveBack(piece.Length);
    }

    /// <summary>No more comes; <paramref name="problem"/> says when that is not the whole.</summary>
    public void Complete(Problem? problem)
    {
        lock (_gate)
        {
            if (_completed || _discard)
            {
                return;
            }

            _completed = true;
            _pipe.Writer.Complete(problem is null ? null : new ProblemException(problem));
        }
    }

    /// <summary>Fails the reader at once; what still comes is dropped.</summary>
    public void Abandon(Problem problem)
    {
        Complete(problem);
        Discard();
    }

    /// <summary>Lets all that lies here and all that comes through, so that the worker can finish.</summary>
    private void Discard()
    {
        long unread;
        lock (_gate)
        {
            _discard = true;
            (unread, _unread) = (_unread, 0);
        }

        GiveBack(unread);
    }

    private void GiveBack(long bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        var total = Interlocked.Add(ref _consumed, bytes);
        if (total >= WindowStep && Interlocked.CompareExchange(ref _consumed, 0, total) == total)
        {
            Interlocked.Add(ref _outstanding, -total);
            Span<byte> window = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(window, (uint)total);
            _sender.Send(FrameKind.Window, _call, [], window);
        }
    }

    private sealed class CreditingReader(AnswerBody owner) : PipeReader
    {
        private readonly PipeReader _inner = owner._pipe.Reader;
        private ReadOnlySequence<byte> _buffer;

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            var bytes = _buffer.IsEmpty ? 0 : _buffer.Slice(0, consumed).Length;
            _buffer = default;
            _inner.AdvanceTo(consumed, examined);
            lock (owner._gate)
            {
                // What was discarded has been given back already.
                bytes = Math.Min(bytes, owner._unread);
                owner._unread -= bytes;
            }

            owner.GiveBack(bytes);
        }

        public override void CancelPendingRead() => _inner.CancelPendingRead();

        public override void Complete(Exception? exception = null)
        {
            owner.Discard();
            _inner.Complete(exception);
        }

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var result = await _inner.ReadAsync(cancellationToken);
            _buffer = result.Buffer;
            return result;
        }

        public override bool TryRead(out ReadResult result)
        {
            if (!_inner.TryRead(out result))
            {
                return false;
            }

            _buffer = result.Buffer;
            return true;
        }
    }
}
