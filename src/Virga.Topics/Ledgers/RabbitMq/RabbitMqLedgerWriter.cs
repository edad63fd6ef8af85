using RabbitMQ.Client;
using Virga.Topics.Metadata;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// Writes a ledger to its stream, and reads the stream back: RabbitMQ cannot refuse a writer, so an entry is acknowledged only when it has come back, in order, before any fence.
/// Whoever fences reads up to the fence; what this writer has acknowledged is there, and what is behind the fence it never acknowledges.
/// One task owns the channel: it sends, and after a failure sends again what has not come back; readers count an entry once.
/// </summary>
internal sealed partial class RabbitMqLedgerWriter : ILedgerWriter, IStreamSink
{
    // So many records may come back before the first of them is acknowledged to RabbitMQ, in steps of a quarter.
    private const int Prefetch = 1000;

    private readonly string _queue;
    private readonly long _version;
    private readonly WriterEpoch _epoch;
    private readonly LedgerDirectory _directory;
    private readonly RabbitMqConnections _connections;
    private readonly Retry _retry;
    private readonly Action<RabbitMqLedgerWriter> _gone;
    private readonly BasicProperties _properties = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards what follows. No call leaves this class while it is held.
    private readonly Lock _state = new();
    private readonly PendingAppends _pending = new();
    private readonly LedgerTail _tail = new();
    private LedgerStoreException? _failure;
    private Exception? _lost;
    private StreamConsumer? _consumer;
    private bool _isClosing;
    private bool _isWaiting;

    // Held while appends are told their end, so that they hear of it one after another. Never waited for by who calls Append.
    private readonly SemaphoreSlim _telling = new(1, 1);
    private long _next;
    private int _unacknowledged;
    private Task _running = Task.CompletedTask;

    public RabbitMqLedgerWriter(LedgerId id, WriterEpoch epoch, long version, string queue, LedgerDirectory directory, RabbitMqConnections connections, Retry retry, Action<RabbitMqLedgerWriter> gone)
    {
        Id = id;
        _epoch = epoch;
        _version = version;
        _queue = queue;
        _directory = directory;
        _connections = connections;
        _retry = retry;
        _gone = gone;
    }

    public LedgerId Id { get; }

    public WriterEpoch Epoch => _epoch;

    public long LastConfirmed
    {
        get
        {
            lock (_state)
            {
                return _pending.LastConfirmed;
            }
        }
    }

    public long PendingBytes
    {
        get
        {
            lock (_state)
            {
                return _pending.Bytes;
            }
        }
    }

    /// <summary>Whether what it has confirmed is all that its ledger holds, as far as it knows.</summary>
    public bool IsSound
    {
        get
        {
            lock (_state)
            {
                return _failure is null;
            }
        }
    }

    /// <summary>What is confirmed.</summary>
    public LedgerEnd Confirmed
    {
        get
        {
            lock (_state)
            {
                return new LedgerEnd(_pending.LastConfirmed, _pending.ConfirmedBytes);
            }
        }
    }

    /// <summary>Whether it has closed its ledger.</summary>
    public bool IsClosed { get; private set; }

    public void Start() => _running = Task.Run(RunAsync);

    public void Append(LedgerAppend append)
    {
        bool wakes;
        lock (_state)
        {
            if (_failure is not null)
            {
                throw _failure is LedgerFencedException ? Fenced() : new LedgerStoreException(_failure.Message, _failure);
            }

            if (_isClosing)
            {
                throw new LedgerStoreException($"Ledger {Id} is closed.");
            }

            _pending.Add(append);
            wakes = _isWaiting;
            _isWaiting = false;
        }

        if (wakes)
        {
            _wake.Release();
        }
    }

    /// <summary>Reads from the newest entries; -1 when the first one is not among them.</summary>
    public int ReadTail(long first, int maxEntries, int maxBytes, List<LedgerEntry> into)
    {
        lock (_state)
        {
            return _tail.Read(first, maxEntries, maxBytes, into);
        }
    }

    public async ValueTask<LedgerEnd> CloseAsync(CancellationToken cancellation)
    {
        lock (_state)
        {
            _isClosing = true;
            if (_failure is null && _pending.IsEmpty)
            {
                _drained.TrySetResult();
            }
        }

        await _drained.Task.WaitAsync(cancellation);
        lock (_state)
        {
            if (_failure is not null)
            {
                throw _failure is LedgerFencedException ? Fenced() : new LedgerStoreException(_failure.Message, _failure);
            }
        }

        var end = Confirmed;
        try
        {
            await _directory.CloseAsync(Id, _epoch, end, _version, cancellation);
        }
        catch (MetadataConflictException)
        {
            await ConfirmClosedAsync(end, cancellation);
        }

        IsClosed = true;
        return end;
    }

    /// <summary>It ends here, for the reason given; those that wait are told by its own task.</summary>
    public void Fail(LedgerStoreException failure)
    {
        lock (_state)
        {
            _failure ??= failure;
        }

        _wake.Release();
    }

    public async ValueTask DisposeAsync()
    {
        Fail(new LedgerStoreException($"The writer of ledger {Id} was given up."));
        await _stop.CancelAsync();
        await _running;
        _gone(this);
    }

    private LedgerFencedException Fenced() => new($"Ledger {Id} was taken over by a writer after epoch {_epoch}: this one no longer owns it.");

    // The write may have succeeded although its connection broke: then the record is what was to be written.
    private async Task ConfirmClosedAsync(LedgerEnd end, CancellationToken cancellation)
    {
        if (await _directory.FindAsync(Id, cancellation) is not var (record, _))
        {
            throw new LedgerNotFoundException($"Ledger {Id} was deleted.");
        }

        if (record.Epoch != _epoch.Value || record.End != end)
        {
            throw Fenced();
        }
    }
}
