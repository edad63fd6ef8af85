using System.Collections.Concurrent;
using RabbitMQ.Client;
using Virga.Core.Problems;
using Virga.Topics.Metadata;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// The ledgers of a cluster: one RabbitMQ stream each, which its replicas keep. Which there are, and which owner closes one, is decided in the topics' metadata.
/// <c>docs/topics.md</c> says how a writer is fenced.
/// </summary>
public sealed class RabbitMqLedgerStore : ILedgerStore
{
    // What a reader may have under way, in bytes, and the bounds of the records that come to.
    private const long ReaderBytes = 4 << 20;
    private const int MinPrefetch = 4;
    private const int MaxPrefetch = 500;

    private readonly RabbitMqLedgerOptions _options;
    private readonly LedgerDirectory _directory;
    private readonly TimeProvider _time;

    // Not the same for both: RabbitMQ holds up a connection that publishes too fast, with everything on it.
    private readonly RabbitMqConnections _writing;
    private readonly RabbitMqConnections _reading;
    private readonly ConcurrentDictionary<LedgerId, RabbitMqLedgerWriter> _writers = new();
    private readonly ConcurrentDictionary<LedgerId, LedgerReaders> _readers = new();

    // What writers had confirmed that were given up and left their ledgers open.
    private readonly ConcurrentDictionary<LedgerId, LedgerEnd> _leftOpen = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _sweeping = Task.CompletedTask;

    /// <summary>A store; nothing is connected until it is opened.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="metadata">The topics' metadata, of the same cluster; opened and closed by its owner.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ProblemException"><c>invalid-request</c>: the address cannot be read.</exception>
    public RabbitMqLedgerStore(RabbitMqLedgerOptions options, ITopicMetadata metadata, TimeProvider time)
    {
        _options = options;
        _directory = new LedgerDirectory(metadata);
        _time = time;
        _writing = new RabbitMqConnections(options.Url, "virga: ledgers that are written");
        _reading = new RabbitMqConnections(options.Url, "virga: ledgers that are read");
    }

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <summary>How many ledgers have readers now.</summary>
    internal int OpenReaders => _readers.Count;

    /// <inheritdoc/>
    /// <exception cref="ProblemException"><c>ledgers-unavailable</c>.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        try
        {
            await using var channel = await _writing.OpenChannelAsync(hasConfirms: false, cancellation);
        }
        catch (Exception exception) when (RabbitMqFaults.IsKnown(exception))
        {
            throw new ProblemException(
                KnownProblems.LedgersUnavailable($"RabbitMQ at {_writing.Where} cannot be used: {RabbitMqFaults.Describe(exception)}.", "Check that RabbitMQ runs, that --rabbitmq names it, and that its user may use the virtual host; then try again."),
                exception);
        }

        _sweeping = Task.Run(SweepAsync, CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask<ILedgerWriter> CreateAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation)
    {
        // Entered first: a stream that is in no directory would never be found again.
        var version = await _directory.AddAsync(id, epoch, cancellation);
        await TryAsync(
            async () =>
            {
                await using var channel = await _writing.OpenChannelAsync(hasConfirms: false, cancellation);
                return await RabbitMqConnections.InTimeAsync(
                    () => channel.QueueDeclareAsync(
                        QueueOf(id), durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = "stream" }, cancellationToken: cancellation),
                    cancellation);
            },
            cancellation);
        var writer = new RabbitMqLedgerWriter(id, epoch, version, QueueOf(id), _directory, _writing, new Retry(_options.Patience, _time), Forget);
        _writers[id] = writer;
        writer.Start();
        return writer;
    }

    /// <inheritdoc/>
    public async ValueTask<LedgerEnd> RecoverAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation)
    {
        while (true)
        {
            if (await _directory.FindAsync(id, cancellation) is not var (record, version))
            {
                throw NotFound(id);
            }

            if (epoch.Value < record.Epoch)
            {
                throw new LedgerFencedException($"Ledger {id} has an owner of epoch {record.Epoch}; epoch {epoch} is over.");
            }

            if (record.End is { } known)
            {
                await DropReadersAsync(id);
                return known;
            }

            try
            {
                // Decided here, once, between all who want it: whoever comes with a greater epoch changes the record, and then the end cannot be written any more.
                version = await _directory.FenceAsync(id, epoch, version, cancellation);
                var number = version;
                var end = await TryAsync(() => new FenceScan(_reading, QueueOf(id), epoch, number).RunAsync(cancellation), cancellation, id);
                await _directory.CloseAsync(id, epoch, end, version, cancellation);
                if (_writers.TryGetValue(id, out var writer))
                {
                    writer.Fail(new LedgerFencedException($"Ledger {id} was taken over by a writer of epoch {epoch}: this one no longer owns it."));
                }

                await DropReadersAsync(id);
                return end;
            }
            catch (MetadataConflictException)
            {
                // Somebody has come between: their record says what that means.
                continue;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation)
    {
        if (maxEntries <= 0)
        {
            return 0;
        }

        var isWriting = _writers.TryGetValue(id, out var writer) && writer.IsSound;
        if (isWriting)
        {
            if (first > writer!.LastConfirmed)
            {
                return 0;
            }

            if (writer.ReadTail(first, maxEntries, maxBytes, into) is var count and >= 0)
            {
                return count;
            }
        }

        return await TryAsync(() => ReadStreamAsync(id, isWriting ? writer : null, first, maxEntries, maxBytes, into, cancellation), cancellation, id);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation)
    {
        if (_writers.TryGetValue(id, out var writer))
        {
            writer.Fail(new LedgerNotFoundException($"Ledger {id} was deleted."));
        }

        await TryAsync(
            async () =>
            {
                await using var channel = await _writing.OpenChannelAsync(hasConfirms: false, cancellation);
                return await RabbitMqConnections.InTimeAsync(() => channel.QueueDeleteAsync(QueueOf(id), ifUnused: false, ifEmpty: false, cancellationToken: cancellation), cancellation);
            },
            cancellation);
        await _directory.RemoveAsync(id, cancellation);
        await DropReadersAsync(id);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<LedgerId> ListAsync(CancellationToken cancellation) => _directory.ListAsync(cancellation);

    /// <summary>Closes its connections. Ledgers whose writers were not closed stay open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sweeping;
        foreach (var writer in _writers.Values)
        {
            await writer.DisposeAsync();
        }

        foreach (var readers in _readers.Values)
        {
            await readers.DisposeAsync();
        }

        await _writing.DisposeAsync();
        await _reading.DisposeAsync();
        _stop.Dispose();
    }

    private static LedgerNotFoundException NotFound(LedgerId id) => new($"There is no ledger {id}.");

    private string QueueOf(LedgerId id) => _options.QueuePrefix + id;

    private LedgerEnd? LeftOpen(LedgerId id) => _leftOpen.TryGetValue(id, out var end) ? end : null;

    private void Forget(RabbitMqLedgerWriter writer)
    {
        if (!writer.IsClosed)
        {
            _leftOpen[writer.Id] = writer.Confirmed;
        }

        _writers.TryRemove(KeyValuePair.Create(writer.Id, writer));
    }

    // Where the ledger ends is known anew, or it is gone.
    private async ValueTask DropReadersAsync(LedgerId id)
    {
        _leftOpen.TryRemove(id, out _);
        if (_readers.TryRemove(id, out var readers))
        {
            await readers.DisposeAsync();
        }
    }

    private async Task<int> ReadStreamAsync(LedgerId id, RabbitMqLedgerWriter? writer, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation)
    {
        LedgerCursor? cursor = null;
        long last = -1;
        while (cursor is null)
        {
            if (await ReadersOfAsync(id, writer, cancellation) is not { } readers)
            {
                return 0;
            }

            last = writer?.LastConfirmed ?? readers.End!.Value.LastEntry;
            if (first > last)
            {
                return 0;
            }

            cursor = readers.For(first);
            if (cursor is null)
            {
                // Nobody had read for a while, and it was closed just now.
                _readers.TryRemove(KeyValuePair.Create(id, readers));
            }
        }

        // What is known to be there comes in time, or never.
        using var patience = new CancellationTokenSource(_options.Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            return await cursor.ReadAsync(first, last, maxEntries, maxBytes, into, either.Token);
        }
        catch (OperationCanceledException exception) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new LedgerStoreException(
                $"RabbitMQ at {_reading.Where} did not give entry {first} of ledger {id} within {_options.Patience.TotalSeconds:0} s. See its log, and whether the stream '{QueueOf(id)}' has a replica that runs.", exception);
        }
        catch (IOException exception) when (exception.InnerException is LedgerCorruptedException damage)
        {
            throw new LedgerCorruptedException($"Ledger {id} is damaged: {damage.Message}", exception);
        }
    }

    // Null for a ledger that is open and not written here: nothing of it is known to be confirmed.
    private async Task<LedgerReaders?> ReadersOfAsync(LedgerId id, RabbitMqLedgerWriter? writer, CancellationToken cancellation)
    {
        if (_readers.TryGetValue(id, out var readers) && (writer is not null || readers.End is not null))
        {
            return readers;
        }

        LedgerEnd? end = null;
        var size = writer?.Confirmed ?? default;
        if (writer is null)
        {
            if (await _directory.FindAsync(id, cancellation) is not var (record, _))
            {
                throw NotFound(id);
            }

            if ((record.End ?? LeftOpen(id)) is not { } known)
            {
                return null;
            }

            size = known;
            end = known;
        }

        var mean = size.Bytes / Math.Max(1, size.Entries);
        var prefetch = (int)Math.Clamp(ReaderBytes / Math.Max(1, mean), MinPrefetch, MaxPrefetch);
        var made = new LedgerReaders(end, offsets => new LedgerCursor(QueueOf(id), _reading, offsets, prefetch, _time));
        if (readers is not null)
        {
            // It was read while it was open; now its end is known.
            if (_readers.TryUpdate(id, made, readers))
            {
                await readers.DisposeAsync();
            }

            return _readers.GetOrAdd(id, made);
        }

        return _readers.GetOrAdd(id, made);
    }

    // Repeats what RabbitMQ does not do now. A stream that should be there may be missing for a while when RabbitMQ has just started.
    private Task<T> TryAsync<T>(Func<Task<T>> work, CancellationToken cancellation, LedgerId? ledger = null)
    {
        var retry = new Retry(_options.Patience, _time);
        return retry.RunAsync(
            _writing.Where,
            async () =>
            {
                try
                {
                    return await work();
                }
                catch (Exception exception) when (ledger is not null && RabbitMqFaults.IsMissing(exception))
                {
                    throw await MissingAsync(ledger.Value, retry.IsOver, exception, cancellation);
                }
            },
            cancellation);
    }

    private async Task<Exception> MissingAsync(LedgerId id, bool isOver, Exception cause, CancellationToken cancellation)
    {
        if (await _directory.FindAsync(id, cancellation) is null)
        {
            await DropReadersAsync(id);
            return NotFound(id);
        }

        return isOver
            ? new LedgerCorruptedException($"RabbitMQ at {_writing.Where} has no stream '{QueueOf(id)}', in which ledger {id} is. Restore RabbitMQ's data from a replica or a backup.", cause)
            : new IOException($"The stream '{QueueOf(id)}' is not there.", cause);
    }

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(_options.IdleReader / 2, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var since = _time.GetTimestamp() - (long)(_options.IdleReader.TotalSeconds * _time.TimestampFrequency);
                foreach (var (id, readers) in _readers)
                {
                    if (!await readers.CloseIdleAsync(since))
                    {
                        _readers.TryRemove(KeyValuePair.Create(id, readers));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The store is closed.
            return;
        }
    }
}
