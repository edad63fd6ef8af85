using System.Buffers;
using Virga.Core.Problems;

namespace Virga.Execution.Asks;

/// <summary>Takes one answer as it is made. Small ones use the same memory again and again; larger ones borrow theirs.</summary>
internal sealed class AnswerBuffer : IBufferWriter<byte>
{
    /// <summary>The greatest answer, in bytes: the greatest value of shared state, and what stands around it.</summary>
    public const int MaxBytes = 17 << 20;

    private const int OwnBytes = 4 << 10;

    [ThreadStatic]
    private static AnswerBuffer? _spare;

    private readonly byte[] _own = new byte[OwnBytes];
    private byte[] _bytes;
    private AskLoad? _load;

    private AnswerBuffer() => _bytes = _own;

    /// <summary>What has been written.</summary>
    public int Length { get; private set; }

    /// <summary>The same.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Takes an empty one; give it back with <see cref="Return"/>.</summary>
    /// <param name="load">Counts what it borrows; null when it is sent at once.</param>
    public static AnswerBuffer Rent(AskLoad? load)
    {
        var buffer = _spare ?? new AnswerBuffer();
        _spare = null;
        buffer._load = load;
        return buffer;
    }

    /// <summary>Gives it back.</summary>
    public void Return()
    {
        Reset();
        _load = null;
        _spare = this;
    }

    /// <summary>Forgets what was written.</summary>
    public void Reset()
    {
        Length = 0;
        if (!ReferenceEquals(_bytes, _own))
        {
            _load?.RemoveAnswer(_bytes.Length);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = _own;
        }
    }

    /// <inheritdoc/>
    public void Advance(int count) => Length += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _bytes.AsMemory(Length, Room);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _bytes.AsSpan(Length, Room);
    }

    // A borrowed array may be longer than was asked for.
    private int Room => Math.Min(_bytes.Length, MaxBytes + OwnBytes) - Length;

    private void MakeRoom(int sizeHint)
    {
        var needed = Length + Math.Max(1, sizeHint);

        // Room is asked for a little generously, so that the last bytes of an answer may have a hint beyond the limit.
        if (needed > MaxBytes + OwnBytes)
        {
            throw new ProblemException(KnownProblems.RequestTooLarge($"The answer would have more than {MaxBytes:N0} bytes."));
        }

        if (needed <= _bytes.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(Math.Max(needed, _bytes.Length * 2), MaxBytes + OwnBytes));
        if (_load is not null && !_load.TryAddAnswer(larger.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            throw new ProblemException(KnownProblems.RequestTooLarge($"The answers that the instance waits for have more than {AskLoad.MaxAnswers:N0} bytes together."));
        }

        Written.CopyTo(larger);
        if (!ReferenceEquals(_bytes, _own))
        {
            _load?.RemoveAnswer(_bytes.Length);
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
