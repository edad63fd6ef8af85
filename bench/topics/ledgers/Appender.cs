using System.Diagnostics;
using Virga.Topics.Ledgers;

namespace Virga.Bench.Topics;

/// <summary>A producer: keeps a number of appends under way, each followed by the next as soon as it is confirmed, on the thread that says so.</summary>
internal sealed class Appender(ILedgerWriter writer, ReadOnlyMemory<byte> data)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<long> _samples = new(1 << 18);
    private int _open;
    private volatile bool _isStopping;

    /// <summary>How long each took, in ticks of the stopwatch.</summary>
    public IReadOnlyList<long> Samples => _samples;

    public void Begin(int underWay)
    {
        _open = underWay;
        for (var i = 0; i < underWay; i++)
        {
            writer.Append(new One(this) { Data = data });
        }
    }

    public Task EndAsync()
    {
        _isStopping = true;
        return _done.Task;
    }

    private void Next(One append)
    {
        _samples.Add(Stopwatch.GetTimestamp() - append.Began);
        if (!_isStopping)
        {
            append.Began = Stopwatch.GetTimestamp();
            writer.Append(append);
        }
        else if (--_open == 0)
        {
            _done.SetResult();
        }
    }

    private sealed class One(Appender owner) : LedgerAppend
    {
        public long Began { get; set; } = Stopwatch.GetTimestamp();

        public override void Confirmed() => owner.Next(this);

        public override void Failed(Exception failure) => owner._done.TrySetException(failure);
    }
}
