using System.Diagnostics;
using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>A producer that keeps a number of messages under way.</summary>
internal sealed class Producing(Publishing publishing, int depth)
{
    // As many bytes go out at once at most: what a client's buffer has.
    private const int MostAtOnce = 128 * 1024;

    private readonly long[] _began = new long[depth];
    private readonly byte[] _buffer = new byte[MostAtOnce + publishing.MaxFrame];
    private long _sent;
    private long _acknowledged;

    /// <summary>From when on what is acknowledged counts.</summary>
    public long CountFrom { get; set; } = long.MaxValue;

    /// <summary>Until when.</summary>
    public long CountTo { get; set; } = long.MaxValue;

    /// <summary>How long each send took that counts.</summary>
    public Samples Samples { get; } = new();

    /// <summary>How many sends are acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Asked before each send.</summary>
    public required Func<bool> GoesOn { get; init; }

    public async Task RunAsync()
    {
        while (true)
        {
            var length = publishing.WriteReplies(_buffer);
            while (_sent - _acknowledged < depth && length < MostAtOnce && GoesOn())
            {
                var now = Stopwatch.GetTimestamp();
                _began[_sent++ % depth] = now;
                length += publishing.Write(_buffer.AsSpan(length), now);
            }

            if (length > 0)
            {
                await publishing.Wire.SendAsync(_buffer.AsMemory(0, length));
            }

            if (_sent == _acknowledged)
            {
                return;
            }

            await publishing.Wire.ReceiveAsync();
            var (consumed, acknowledged) = publishing.Read(publishing.Wire.Received.Span);
            publishing.Wire.Consume(consumed);
            Take(acknowledged);
        }
    }

    private void Take(int acknowledged)
    {
        var now = Stopwatch.GetTimestamp();
        for (var i = 0; i < acknowledged; i++)
        {
            if (now >= CountFrom && now < CountTo)
            {
                Samples.Add(now - _began[(_acknowledged + i) % depth]);
            }
        }

        Volatile.Write(ref _acknowledged, _acknowledged + acknowledged);
    }
}
