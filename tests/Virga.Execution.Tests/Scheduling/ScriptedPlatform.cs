using System.Buffers;
using System.Collections.Concurrent;
using Virga.Core.Invocations;

namespace Virga.Execution.Tests.Scheduling;

/// <summary>
/// Answers requests by their first byte: <c>e</c> gives the request back at once, <c>l</c> the same after <see cref="Later"/> is released, <c>w</c> waits until
/// nobody waits any more, <c>n</c> gives as many bytes as the number behind it says, <c>x</c> fails.
/// </summary>
internal sealed class ScriptedPlatform : IPlatformCalls
{
    private readonly SemaphoreSlim _withdrawn = new(0);
    private readonly SemaphoreSlim _begun = new(0);

    public SemaphoreSlim Later { get; } = new(0);

    public ConcurrentQueue<string> Events { get; } = new();

    public int LargestRequest { get; private set; }

    public async Task WithdrawnAsync() => (await _withdrawn.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).ShouldBeTrue("the request was not withdrawn");

    public async Task BegunAsync() => (await _begun.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).ShouldBeTrue("no request came");

    public bool TryAnswer(Invocation call, ReadOnlySpan<byte> request, IBufferWriter<byte> answer)
    {
        LargestRequest = Math.Max(LargestRequest, request.Length);
        switch ((char)request[0])
        {
            case 'e':
                answer.Write(request);
                return true;
            case 'n':
                Fill(answer, int.Parse(request[1..], System.Globalization.CultureInfo.InvariantCulture));
                return true;
            default:
                // What is written here must not be seen.
                answer.Write("dropped"u8);
                return false;
        }
    }

    public async ValueTask AnswerAsync(Invocation call, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        LargestRequest = Math.Max(LargestRequest, request.Length);
        _begun.Release();
        switch ((char)request.Span[0])
        {
            case 'x':
                throw new InvalidOperationException("it broke");
            case 'w':
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                }
                finally
                {
                    _withdrawn.Release();
                }

                break;
            default:
                await Later.WaitAsync(cancellation);
                answer.Write(request.Span);
                break;
        }
    }

    public void CallStarted(Invocation call) => Events.Enqueue("started");

    public void CallEnded(Invocation call) => Events.Enqueue("ended");

    private static void Fill(IBufferWriter<byte> answer, int length)
    {
        while (length > 0)
        {
            var span = answer.GetSpan(Math.Min(length, 64 << 10));
            var count = Math.Min(length, span.Length);
            span[..count].Fill((byte)'n');
            answer.Advance(count);
            length -= count;
        }
    }
}
