using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;

namespace Virga.Telemetry.Logs;

/// <summary>
/// A function's log as it grows, as lines of JSON. A follower that is too slow loses lines, and is told how many. Disposing it ends the following.
/// </summary>
public sealed class LogTail : IDisposable
{
    private const int MaxQueuedBytes = 2 << 20;

    private readonly Channel<byte[]> _lines = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly LogFilter _filter;
    private readonly Action<LogTail> _leave;
    private long _queuedBytes;
    private long _dropped;

    internal LogTail(LogFilter filter, IReadOnlyList<ReadOnlyMemory<byte>> history, Action<LogTail> leave)
    {
        (_filter, History, _leave) = (filter, history, leave);
    }

    /// <summary>The newest lines before the following began, oldest first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> History { get; internal set; }

    /// <summary>Every line after <see cref="History"/>, without line ends, until the store closes.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in _lines.Reader.ReadAllAsync(cancellation))
        {
            var queued = Interlocked.Add(ref _queuedBytes, -line.Length);
            yield return line;
            // What was dropped is newer than what waited: it is told when the queue has run empty.
            if (queued == 0 && Interlocked.Exchange(ref _dropped, 0) is var dropped and > 0)
            {
                yield return Encoding.UTF8.GetBytes($$"""{"level":"warn","message":"{{dropped}} lines not shown: they came faster than they were read"}""");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _leave(this);

    internal void Offer(ReadOnlySpan<byte> line)
    {
        if (!_filter.Matches(line, out _))
        {
            return;
        }

        if (Interlocked.Read(ref _queuedBytes) > MaxQueuedBytes)
        {
            Interlocked.Increment(ref _dropped);
            return;
        }

        Interlocked.Add(ref _queuedBytes, line.Length);
        _lines.Writer.TryWrite(line.ToArray());
    }

    internal void End() => _lines.Writer.TryComplete();
}
