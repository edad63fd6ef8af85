using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Messages;
using Virga.Topics.Metadata;
using Virga.Topics.Names;

namespace Virga.Topics.Logs;

/// <summary>
/// A persistent topic's entries: a chain of ledgers of which the last one grows. Opening it takes it from its owner before: the conditional write of its record decides who owns it, and recovery of
/// the open ledger fences the other's writer. A ledger is begun when something is appended. When the store fails, or somebody else has taken over, the log is <see cref="Lost"/>: it takes nothing more, and
/// whoever opens it anew learns what of the unacknowledged is there.
/// </summary>
internal sealed partial class TopicLog : ITopicLog, IAsyncDisposable
{
    // Two nodes that take a topic from each other see each other's writes; one of them wins long before this.
    private const int OpenAttempts = 8;

    private readonly LogServices _services;
    private readonly OwnedRecord _record;
    private readonly LogReader _reader;
    private readonly LogWriter _writer;
    private readonly TopicTail _tail;
    private LedgerChain _chain;

    private TopicLog(TopicName name, LogServices services, TopicRecord record, long version)
    {
        Name = name;
        _services = services;
        _record = new OwnedRecord(TopicRecord.KeyOf(name), services.Metadata, record, version);
        _tail = new TopicTail(services.Tails);
        _chain = new LedgerChain(record.Ledgers, null, record.Floor);
        _reader = new LogReader(this, services, _tail);
        _writer = new LogWriter(this, services, _record);
        if (record.IsTerminated)
        {
            _writer.Fail(Terminated(name));
        }
    }

    /// <summary>The topic.</summary>
    public TopicName Name { get; }

    /// <summary>What is stored about the topic.</summary>
    public TopicRecord Record => _record.Value;

    /// <summary>The ledgers as they are now.</summary>
    public LedgerChain Chain => Volatile.Read(ref _chain);

    /// <summary>Why the log takes nothing more; null while it does.</summary>
    public Exception? Failure => _writer.Failure;

    /// <summary>
    /// Set by the topic before anything is appended: whether an append that is refused makes the log lost even where nothing is in doubt. Else a later append might be taken, which
    /// numbers that only grow could not tell from a gap.
    /// </summary>
    public bool IsStrict { get; set; }

    /// <summary>Set by the topic before anything is appended: entries can be read. Called for every one, after its publisher was told; returns at once.</summary>
    public Action? EntryConfirmed { get; set; }

    /// <summary>Set by the topic before anything is appended: the log has failed. Called once.</summary>
    public Action<Exception>? Lost { get; set; }

    public Position First => Chain.First;

    public Position Last => Chain.Last;

    /// <summary>Opens the log of a topic that exists, and owns it from then on.</summary>
    /// <returns>Null when the topic does not exist.</returns>
    /// <exception cref="ProblemException"><c>invalid-request</c>: it has partitions, which have their logs.</exception>
    /// <exception cref="LedgerStoreException">A ledger cannot be recovered.</exception>
    /// <exception cref="MetadataConflictException">Others take the topic again and again.</exception>
    public static async ValueTask<TopicLog?> OpenAsync(TopicName name, LogServices services, CancellationToken cancellation)
    {
        var key = TopicRecord.KeyOf(name);
        for (var attempt = 1; ; attempt++)
        {
            if (await services.Metadata.GetAsync(key, cancellation) is not { } stored)
            {
                return null;
            }

            var record = TopicRecord.Read(stored.Bytes);
            if (record.Partitions > 0)
            {
                throw new ProblemException(KnownProblems.InvalidRequest($"'{name}' has {record.Partitions} partitions.", $"Ask for one of them, such as '{name.OfPartition(0)}'."));
            }

            try
            {
                record = await RecoverAsync(name, record with { Epoch = record.Epoch + 1 }, services, cancellation);
                var versions = await services.Metadata.WriteAsync([new MetadataWrite(key, record.Write(), stored.Version)], cancellation);
                return new TopicLog(name, services, record, versions[0]);
            }
            catch (Exception e) when ((e is MetadataConflictException or LedgerFencedException) && attempt < OpenAttempts)
            {
                // Its owner has begun another ledger meanwhile, or another node opens it too: what is stored now says.
            }
        }
    }

    /// <summary>Makes the record of a topic that does not exist, and opens it.</summary>
    /// <returns>Null when it exists.</returns>
    public static async ValueTask<TopicLog?> CreateAsync(TopicName name, TopicRecord record, LogServices services, CancellationToken cancellation)
    {
        try
        {
            record = record with { Epoch = 1, CreatedAt = services.Now };
            var versions = await services.Metadata.WriteAsync([new MetadataWrite(TopicRecord.KeyOf(name), record.Write(), 0)], cancellation);
            return new TopicLog(name, services, record, versions[0]);
        }
        catch (MetadataConflictException)
        {
            return null;
        }
    }

    public Position After(Position position) => Chain.After(position);

    public Position Before(Position position) => Chain.Before(position);

    public long Count(Position after, Position upTo) => Chain.Count(after, upTo);

    public bool TryRead(Position from, int maxEntries, int maxBytes, List<LogEntry> into) => _reader.TryRead(from, maxEntries, maxBytes, into);

    public ValueTask<int> ReadAsync(Position from, int maxEntries, int maxBytes, List<LogEntry> into, CancellationToken cancellation) => _reader.ReadAsync(from, maxEntries, maxBytes, into, cancellation);

    public ValueTask<Position> FindAsync(DateTimeOffset time, CancellationToken cancellation) => _reader.FindAsync(time, cancellation);

    /// <summary>Gives the entry the next place; returns at once.</summary>
    public void Append(LogAppend append) => _writer.Append(append);

    /// <summary>Closes the ledger that is written to, so that it can be trimmed, offloaded or compacted; the next append begins another.</summary>
    public ValueTask SealAsync(CancellationToken cancellation) => _writer.SealAsync(cancellation);

    /// <summary>Ends the log for good: nothing is appended any more.</summary>
    /// <returns>The last entry.</returns>
    public async ValueTask<Position> TerminateAsync(CancellationToken cancellation)
    {
        await _writer.StopAsync(Terminated(Name), cancellation);
        await ChangeAsync(static record => record with { IsTerminated = true }, cancellation);
        return Last;
    }

    /// <inheritdoc cref="ChangeAsync(Func{TopicRecord, TopicRecord}, Func{IEnumerable{MetadataWrite}}, CancellationToken)"/>
    public ValueTask<TopicRecord> ChangeAsync(Func<TopicRecord, TopicRecord> change, CancellationToken cancellation) => ChangeAsync(change, null, cancellation);

    /// <summary>Changes what is stored about the topic, durably.</summary>
    /// <param name="change">Gives the new value from the present one; called once. The same object when there is nothing to write.</param>
    /// <param name="with">What is written besides, or not at all; asked after the new value was given. Null for nothing.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="MetadataConflictException">The topic has another owner; the log is lost.</exception>
    public async ValueTask<TopicRecord> ChangeAsync(Func<TopicRecord, TopicRecord> change, Func<IEnumerable<MetadataWrite>>? with, CancellationToken cancellation)
    {
        try
        {
            return await _record.ChangeAsync(change, with, cancellation);
        }
        catch (MetadataConflictException e)
        {
            Lose(e);
            throw;
        }
    }

    /// <summary>Removes the closed ledgers whose last entry is not behind a position. The record first, the ledgers then: what a crash leaves between the two is an orphan, never a hole.</summary>
    /// <returns>How many went.</returns>
    public async ValueTask<int> TrimAsync(Position upTo, CancellationToken cancellation)
    {
        List<LedgerRecord> gone = [];
        await ChangeAsync(
            record =>
            {
                gone = [.. record.Ledgers.TakeWhile(ledger => !ledger.IsOpen && LedgerChain.LastOf(ledger) <= upTo)];
                return gone.Count == 0 ? record : record with { Ledgers = [.. record.Ledgers.Skip(gone.Count)], Floor = LedgerChain.LastOf(gone[^1]) };
            },
            () => _services.Unnamed.Dropping(gone.Select(static ledger => new LedgerId(ledger.Id))),
            cancellation);
        await RemoveAsync(gone, cancellation);
        return gone.Count;
    }

    /// <summary>
    /// Removes the closed ledgers whose last entry is not behind a position, and what was compacted of them: all in one write, after which a compaction that read them before cannot bring them back.
    /// </summary>
    public async ValueTask TruncateAsync(Position upTo, CancellationToken cancellation)
    {
        List<LedgerRecord> gone = [];
        CompactionRecord? compacted = null;
        await ChangeAsync(
            record =>
            {
                gone = [.. record.Ledgers.TakeWhile(ledger => !ledger.IsOpen && LedgerChain.LastOf(ledger) <= upTo)];
                compacted = record.Compaction;
                return record with
                {
                    Ledgers = [.. record.Ledgers.Skip(gone.Count)],
                    Floor = gone.Count > 0 ? LedgerChain.LastOf(gone[^1]) : record.Floor,
                    Truncated = upTo > record.Truncated.GetValueOrDefault(Position.Earliest) ? upTo : record.Truncated,
                    Compaction = null,
                };
            },
            () => _services.Unnamed.Dropping(gone.Select(static ledger => ledger.Id).Append(compacted?.Ledger ?? -1).Where(static ledger => ledger >= 0).Select(static ledger => new LedgerId(ledger))),
            cancellation);
        await RemoveAsync(gone, cancellation);
        if (compacted is { Ledger: >= 0 })
        {
            await _services.Unnamed.DeleteAsync(new LedgerId(compacted.Ledger), cancellation);
        }
    }

    /// <summary>Hands a closed ledger on to the colder store, and notes it. When this was broken off, doing it again goes on where it was.</summary>
    /// <returns>Whether the topic still has the ledger.</returns>
    public async ValueTask<bool> OffloadAsync(LedgerRecord ledger, TieredLedgerStore tiers, CancellationToken cancellation)
    {
        var id = new LedgerId(ledger.Id);
        var place = await tiers.OffloadAsync(id, new LedgerEnd(ledger.Entries - 1, ledger.Bytes), cancellation);
        var isThere = false;
        await ChangeAsync(
            record =>
            {
                isThere = record.Ledgers.Any(one => one.Id == ledger.Id);
                return isThere ? record with { Ledgers = [.. record.Ledgers.Select(one => one.Id == ledger.Id ? one with { OffloadedTo = place } : one)] } : record;
            },
            cancellation);
        if (isThere)
        {
            _writer.ShowChain();
        }
        else
        {
            // It was trimmed meanwhile: the copy came after that.
            await tiers.DeleteAsync(id, cancellation);
        }

        return isThere;
    }

    /// <summary>Waits for what was appended and closes the ledger; the next owner has nothing to recover.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellation) => await _writer.StopAsync(new LogClosedException($"'{Name}' is closed here."), cancellation);

    /// <summary>Gives it up as it is.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _tail.Clear();
        _record.Dispose();
    }

    /// <summary>An entry is durable: readers find it from now on.</summary>
    internal void Confirm(OpenLedger ledger, Position position, ReadOnlyMemory<byte> data)
    {
        _tail.Add(position, data);
        ledger.Confirm(position.Entry, data.Length);
    }

    // Ledgers that the record names no more.
    private async ValueTask RemoveAsync(List<LedgerRecord> gone, CancellationToken cancellation)
    {
        if (gone.Count == 0)
        {
            return;
        }

        _writer.ShowChain();
        foreach (var ledger in gone)
        {
            await _services.Unnamed.DeleteAsync(new LedgerId(ledger.Id), cancellation);
        }

        LogTrimmed(_services.Logger, Name, gone.Count);
    }

    /// <summary>The publisher of an entry was told.</summary>
    internal void Announce() => EntryConfirmed?.Invoke();

    /// <summary>The log has failed.</summary>
    internal void Lose(Exception failure)
    {
        if (_writer.Fail(failure))
        {
            LogLost(_services.Logger, Name, failure.Message);
            Lost?.Invoke(failure);
        }
    }

    /// <summary>Ledgers came or went: readers see the new chain from now on.</summary>
    internal void Replace(LedgerChain chain) => Volatile.Write(ref _chain, chain);

    private static LogClosedException Terminated(TopicName name) => new($"'{name}' is terminated.", isTerminated: true);

    private static async ValueTask<TopicRecord> RecoverAsync(TopicName name, TopicRecord record, LogServices services, CancellationToken cancellation)
    {
        if (!record.Ledgers.Any(static ledger => ledger.IsOpen))
        {
            return record;
        }

        var ledgers = new List<LedgerRecord>(record.Ledgers.Count);
        foreach (var ledger in record.Ledgers)
        {
            if (!ledger.IsOpen)
            {
                ledgers.Add(ledger);
                continue;
            }

            try
            {
                var end = await services.Ledgers.RecoverAsync(new LedgerId(ledger.Id), new WriterEpoch(record.Epoch), cancellation);
                LogRecovered(services.Logger, name, ledger.Id, end.Entries);
                if (end.Entries > 0)
                {
                    ledgers.Add(ledger.Closed(end, services.Now));
                }
                else
                {
                    await services.Ledgers.DeleteAsync(new LedgerId(ledger.Id), cancellation);
                }
            }
            catch (LedgerNotFoundException)
            {
                // With durability by interval a power cut takes a ledger that was just begun, as it takes the entries of so long.
                LogVanished(services.Logger, name, ledger.Id);
            }
        }

        return record with { Ledgers = ledgers };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The last ledger {Ledger} of {Topic} was recovered with {Entries} entries.")]
    private static partial void LogRecovered(ILogger logger, TopicName topic, long ledger, long entries);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last ledger {Ledger} of {Topic} is not in the store: it was begun shortly before a crash.")]
    private static partial void LogVanished(ILogger logger, TopicName topic, long ledger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Count} ledgers of {Topic} were trimmed.")]
    private static partial void LogTrimmed(ILogger logger, TopicName topic, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} takes no more messages here until it is opened again: {Reason}")]
    private static partial void LogLost(ILogger logger, TopicName topic, string reason);
}
