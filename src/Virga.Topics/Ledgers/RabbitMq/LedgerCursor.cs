namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// A consumer that goes through a ledger from some entry on, with what it has brought last. Who reads on from where it is waits for nothing but RabbitMQ; who reads elsewhere moves it.
/// </summary>
internal sealed class LedgerCursor(string queue, RabbitMqConnections connections, OffsetMap offsets, int prefetch, TimeProvider time) : IStreamSink, IAsyncDisposable
{
    // What was read is kept for others who are a little behind.
    private const long KeptBytes = 1 << 20;

    // Going on past so many entries is cheaper than beginning anew.
    private const int MaxPassed = 200;

    // Held by who reads.
    private readonly SemaphoreSlim _turn = new(1, 1);

    // Guards what follows.
    private readonly Lock _window = new();
    private readonly LinkedList<(LedgerEntry Entry, ulong Tag)> _entries = [];
    private StreamConsumer? _consumer;
    private Exception? _ended;
    private TaskCompletionSource _changed = NewSignal();
    private long _next;
    private long _given = -1;
    private long _givenBytes;
    private ulong _acknowledgeable;
    private int _unacknowledged;
    private bool _isClosed;

    /// <summary>When it was read from last.</summary>
    public long UsedAt { get; private set; } = time.GetTimestamp();

    /// <summary>Whether an entry is, or soon will be, where it is.</summary>
    public bool Covers(long entry)
    {
        lock (_window)
        {
            return _consumer is not null && entry >= First && entry <= _next + MaxPassed;
        }
    }

    private long First => _entries.First?.Value.Entry.Id ?? _next;

    /// <summary>Reads entries up to the last one that there is, or to a limit.</summary>
    public async Task<int> ReadAsync(long first, long last, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        var before = into.Count;
        try
        {
            UsedAt = time.GetTimestamp();
            if (!Covers(first) || HasEnded())
            {
                await MoveAsync(first, cancellation);
            }

            long bytes = 0;
            while (true)
            {
                var (isComplete, changed) = Take(ref first, last, maxEntries - (into.Count - before), maxBytes, ref bytes, into);
                await AcknowledgeAsync(isComplete);
                if (isComplete)
                {
                    return into.Count - before;
                }

                await changed.WaitAsync(cancellation);
            }
        }
        catch
        {
            // Read again from the beginning, or not at all.
            into.RemoveRange(before, into.Count - before);
            throw;
        }
        finally
        {
            UsedAt = time.GetTimestamp();
            if (_isClosed)
            {
                // Who reads last closes it again.
                await CloseAsync();
            }

            _turn.Release();
        }
    }

    public ValueTask OnRecordAsync(StreamConsumer consumer, ulong tag, long offset, StreamRecord record, ReadOnlyMemory<byte> data)
    {
        lock (_window)
        {
            if (!ReferenceEquals(consumer, _consumer))
            {
                return ValueTask.CompletedTask;
            }

            if (record.Kind == StreamRecordKind.Entry && record.Number == _next)
            {
                offsets.Seen(_next, offset);
                _entries.AddLast((new LedgerEntry(_next, data.ToArray()), tag));
                _next++;
                _changed.TrySetResult();
                return ValueTask.CompletedTask;
            }
        }

        // A fence, or sent twice.
        return consumer.AcknowledgeAsync(tag, multiple: false);
    }

    public void OnEnded(StreamConsumer consumer, Exception reason)
    {
        lock (_window)
        {
            if (ReferenceEquals(consumer, _consumer))
            {
                _ended ??= reason;
                _changed.TrySetResult();
            }
        }
    }

    /// <summary>Closes it, once nobody reads.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        _isClosed = true;
        try
        {
            await CloseAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool HasEnded()
    {
        lock (_window)
        {
            return _ended is not null;
        }
    }

    private async Task MoveAsync(long first, CancellationToken cancellation)
    {
        await CloseAsync();
        var consumer = new StreamConsumer(await connections.OpenChannelAsync(hasConfirms: false, cancellation), queue, this);
        lock (_window)
        {
            _consumer = consumer;
            _next = first;
            _given = first - 1;
        }

        try
        {
            await consumer.BeginAsync(offsets.Guess(first), prefetch, cancellation);
        }
        catch
        {
            lock (_window)
            {
                _consumer = null;
            }

            throw;
        }
    }

    private async Task CloseAsync()
    {
        StreamConsumer? consumer;
        lock (_window)
        {
            consumer = _consumer;
            _consumer = null;
            _ended = null;
            _entries.Clear();
            _givenBytes = 0;
            _acknowledgeable = 0;
            _unacknowledged = 0;
        }

        if (consumer is not null)
        {
            await consumer.DisposeAsync();
        }
    }

    // Whether that is all; else what to wait for.
    private (bool IsComplete, Task Changed) Take(ref long first, long last, int maxEntries, int maxBytes, ref long bytes, List<LedgerEntry> into)
    {
        lock (_window)
        {
            var count = 0;
            for (var node = _entries.First; node is not null; node = node.Next)
            {
                var (entry, tag) = node.Value;
                if (entry.Id > last)
                {
                    break;
                }

                if (entry.Id == first && count < maxEntries && (bytes == 0 || bytes < maxBytes))
                {
                    into.Add(entry);
                    bytes += entry.Data.Length;
                    count++;
                    first++;
                }
                else if (entry.Id >= first)
                {
                    break;
                }

                if (entry.Id > _given)
                {
                    _given = entry.Id;
                    _givenBytes += entry.Data.Length;
                    _acknowledgeable = tag;
                    _unacknowledged++;
                }
            }

            while (_givenBytes > KeptBytes && _entries.First is { } oldest && oldest.Value.Entry.Id <= _given)
            {
                _givenBytes -= oldest.Value.Entry.Data.Length;
                _entries.RemoveFirst();
            }

            if (first > last || count >= maxEntries || (bytes > 0 && bytes >= maxBytes))
            {
                return (true, Task.CompletedTask);
            }

            if (_ended is not null)
            {
                throw new IOException("The consumer of the stream has ended.", _ended);
            }

            _changed = NewSignal();
            return (false, _changed.Task);
        }
    }

    // Before waiting, always: else RabbitMQ may have nothing that it is allowed to send.
    private async Task AcknowledgeAsync(bool isLazy)
    {
        StreamConsumer? consumer;
        ulong tag;
        lock (_window)
        {
            if (_unacknowledged == 0 || _ended is not null || (isLazy && _unacknowledged < prefetch / 4))
            {
                return;
            }

            consumer = _consumer;
            tag = _acknowledgeable;
            _unacknowledged = 0;
        }

        if (consumer is not null)
        {
            await consumer.AcknowledgeAsync(tag, multiple: true);
        }
    }
}
