using System.Buffers;
using System.Threading.Tasks.Sources;

namespace Virga.Worker.Calls;

/// <summary>One request to the platform whose answer is awaited. Executed when it is there: whoever awaits goes on then.</summary>
internal sealed class Ask(uint id) : IValueTaskSource<ReadOnlyMemory<byte>>, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<ReadOnlyMemory<byte>> core;
    private ArrayBufferWriter<byte>? pieces;
    private ReadOnlyMemory<byte> answer;
    private Exception? failure;

    public uint Id => id;

    /// <summary>Withdraws the request when the user's token says so.</summary>
    public CancellationTokenRegistration Withdrawal { get; set; }

    public ValueTask<ReadOnlyMemory<byte>> Task => new(this, core.Version);

    /// <summary>A piece of the answer, in the order of the channel.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Take(ReadOnlySpan<byte> piece, bool more)
    {
        if (pieces is null && !more)
        {
            answer = piece.ToArray();
            return true;
        }

        pieces ??= new ArrayBufferWriter<byte>(2 * piece.Length);
        pieces.Write(piece);
        if (!more)
        {
            answer = pieces.WrittenMemory;
        }

        return !more;
    }

    /// <summary>No answer comes, or nobody is to wait for it.</summary>
    public void Fail(Exception exception) => failure = exception;

    public void Execute()
    {
        Withdrawal.Dispose();
        if (failure is null)
        {
            core.SetResult(answer);
        }
        else
        {
            core.SetException(failure);
        }
    }

    ReadOnlyMemory<byte> IValueTaskSource<ReadOnlyMemory<byte>>.GetResult(short token) => core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadOnlyMemory<byte>>.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource<ReadOnlyMemory<byte>>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags) => core.OnCompleted(continuation, state, token, flags);
}
