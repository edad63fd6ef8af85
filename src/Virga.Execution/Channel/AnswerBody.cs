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

    public void Write(ReadOnlySpan<byte> piece)
    {
        lock (_gate)
        {
            if (!_discard && !_completed)
            {
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
        lock (_gate)
        {
            _discard = true;
        }
    }

    private void GiveBack(long bytes)
    {
        var total = Interlocked.Add(ref _consumed, bytes);
        if (total >= WindowStep && Interlocked.CompareExchange(ref _consumed, 0, total) == total)
        {
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
            if (bytes > 0)
            {
                owner.GiveBack(bytes);
            }
        }

        public override void CancelPendingRead() => _inner.CancelPendingRead();

        public override void Complete(Exception? exception = null)
        {
            lock (owner._gate)
            {
                owner._discard = true;
                _inner.Complete(exception);
            }
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
