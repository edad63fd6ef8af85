using System.Buffers;

namespace Virga.Execution.Asks;

/// <summary>One request that was not answered at once: its bytes, and whether anybody still waits.</summary>
internal sealed class OpenAsk(uint id) : IDisposable
{
    private byte[]? _bytes;
    private CancellationTokenSource? _cancellation;

    /// <summary>How the worker names it.</summary>
    public uint Id { get; } = id;

    /// <summary>How many bytes have come.</summary>
    public int Length { get; private set; }

    /// <summary>Whether all have come, and it is being answered.</summary>
    public bool IsWhole => _cancellation is not null;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Request => _bytes.AsMemory(0, Length);

    /// <summary>Cancelled when nobody waits for the answer any more.</summary>
    public CancellationToken Token => _cancellation!.Token;

    /// <summary>Adds a piece.</summary>
    public void Append(ReadOnlySpan<byte> piece)
    {
        if (_bytes is null || _bytes.Length - Length < piece.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + piece.Length, Math.Min((_bytes?.Length ?? 0) * 2, AskLoad.MaxRequest)));
            _bytes?.AsSpan(0, Length).CopyTo(larger);
            Release();
            _bytes = larger;
        }

        piece.CopyTo(_bytes.AsSpan(Length));
        Length += piece.Length;
    }

    /// <summary>All has come.</summary>
    public void Complete() => _cancellation = new CancellationTokenSource();

    /// <summary>Nobody waits any more. Runs nothing but what is registered with the token, on this thread.</summary>
    public void Cancel()
    {
        try
        {
            _cancellation?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Its answer came just then; there is nothing left to be cancelled.
            return;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        _cancellation?.Dispose();
    }

    private void Release()
    {
        if (_bytes is not null)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = null;
        }
    }
}
