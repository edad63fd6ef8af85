using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Telemetry.Metering;

/// <summary>
/// Counts what every version of every function uses in every hour, and forgets none of it when the node is killed. A call or an instance only puts an entry
/// into a journal that belongs to the kernel (<see cref="MeterJournal"/>); some seconds later, or when somebody asks, the entries are added to their hours
/// and the journal's position is noted with them in one transaction (<see cref="UsageDatabase"/>). After a crash the entries behind that position are added.
/// </summary>
public sealed class UsageMeter : IInvocationObserver, IResidencyObserver, IDisposable
{
    // How long usage must have been stored by the present clock before that clock may have old usage removed.
    private const int TrustedAfterHours = 24;

    private readonly MeteringOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageMeter> _logger;
    private readonly MeterJournal _journal;
    private readonly ITimer _timer;
    // One of its own, so that it cannot be put off by the other's being armed at the same moment.
    private readonly ITimer _hurry;
    private int _isArmed;
    private int _isHurried;

    // What found no place in the journal: it would be lost if the node were killed now.
    private readonly Lock _overflowLock = new();
    private readonly PendingUsage _overflow = new();
    private long _overflowed;
    private long _lost;

    // What follows is guarded by this; it is held while sums are written.
    private readonly Lock _foldLock = new();
    private readonly PendingUsage _pending = new();
    private UsageDatabase? _database;
    private bool _isRecovered;
    private bool _isFailing;
    private bool _isDisposed;
    private int _prunedInHour;
    private int _pendingSums;

    /// <summary>Opens the journal, and counts what a process that was killed has left in it.</summary>
    public UsageMeter(MeteringOptions options, TimeProvider time, ILogger<UsageMeter> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _journal = OpenJournal();
        _timer = time.CreateTimer(static state => ((UsageMeter)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _hurry = time.CreateTimer(static state => ((UsageMeter)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (!_journal.IsClean)
        {
            Fold();
        }
    }

    /// <summary>How many entries found no place in the journal, and were counted in memory only until they were written.</summary>
    public long OverflowedEntries => Interlocked.Read(ref _overflowed);

    /// <summary>How many entries could not be counted, because the disk had taken none for so long that memory had no place for them either.</summary>
    public long LostEntries => Interlocked.Read(ref _lost);

    /// <inheritdoc/>
    public void Completed(in InvocationRecord record) => Add(record.Function, MeterEntry.OfCall(record, MeterEntry.HourOf(_time.GetUtcNow())));

    /// <inheritdoc/>
    public void Resident(FunctionVersion function, InstanceTier tier, TimeSpan time, long bytes) =>
        Add(function, MeterEntry.OfResidency(function, tier, time, bytes, MeterEntry.HourOf(_time.GetUtcNow())));

    /// <summary>What was used, everything included that has ended up to now.</summary>
    /// <exception cref="ProblemException"><c>unavailable</c>: the disk does not take what has been used, or cannot be read.</exception>
    public UsageReport Report(UsageReportQuery query)
    {
        var since = MeterEntry.HourOf(query.Since);
        var until = MeterEntry.HourEndingAt(query.Until);
        var rows = Query(query, since, until);
        var usage = rows.Aggregate(new UsageAmounts(), static (sum, row) => sum + row.Usage);
        return new UsageReport(
            query.By,
            MeterEntry.StartOf(since),
            MeterEntry.StartOf(until),
            _options.Prices?.Currency,
            [.. rows.Select(row => row with { Cost = CostOf(row.Usage) })],
            new UsageReportRow { Usage = usage, Cost = CostOf(usage) });
    }

    /// <summary>Adds what is in the journal to its hours.</summary>
    public void Fold()
    {
        lock (_foldLock)
        {
            if (_isDisposed)
            {
                return;
            }

            try
            {
                Gather();
                Write();
                _isFailing = false;
            }
            catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
            {
                // Once per failure: a full disk lasts. Nothing is lost yet, and the next fold tries it again.
                if (!_isFailing)
                {
                    _logger.LogError(e, "Usage cannot be written; it is kept in the journal and in memory until it can be again");
                    _isFailing = true;
                }

                Arm();
            }

            Volatile.Write(ref _pendingSums, _pending.Count);
        }
    }

    /// <summary>Writes what waits, and closes the files.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _hurry.Dispose();
        lock (_foldLock)
        {
            if (_isDisposed)
            {
                return;
            }

            _journal.Seal();
            Fold();
            _isDisposed = true;
            _journal.Dispose();
            _database?.Dispose();
        }
    }

    private static ProblemException Unavailable() => new(KnownProblems.Unavailable(
        "The disk does not take the node's usage, so that a report would be incomplete.",
        "Make room in the data folder; the node's log says what is wrong. Usage is counted meanwhile."));

    private IReadOnlyList<UsageReportRow> Query(UsageReportQuery query, int since, int until)
    {
        UsageDatabase? database;
        lock (_foldLock)
        {
            Fold();
            database = _isFailing ? null : _database;
        }

        try
        {
            return database is null ? throw Unavailable() : database.Query(query, since, until);
        }
        catch (SqliteException e)
        {
            _logger.LogError(e, "The usage cannot be read");
            throw Unavailable();
        }
    }

    private decimal? CostOf(UsageAmounts usage) => _options.Prices is { } prices ? decimal.Round(prices.CostOf(usage), 6) : null;

    private MeterJournal OpenJournal()
    {
        try
        {
            MakeFolder();
            return MeterJournal.Open(Path.Combine(_options.Directory, "journal"), _options.JournalEntries, BootId());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogError(e, "The usage journal cannot be opened: what is used in the last seconds before the node is killed will not be counted");
            return MeterJournal.InMemory(_options.JournalEntries);
        }
    }

    // What tenants use is nobody's business but the node's.
    private void MakeFolder()
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(_options.Directory, OwnerOnly);
        // One that was there keeps its mode otherwise.
        File.SetUnixFileMode(_options.Directory, OwnerOnly);
    }

    // Of this start of the machine.
    private static Guid BootId() => Guid.TryParse(File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), out var id) ? id : Guid.Empty;

    private void Add(FunctionVersion function, in MeterEntry entry)
    {
        if (!_journal.TryAdd(function.Name, entry))
        {
            Overflow(function, entry);
        }

        // An entry that just misses a fold waits for the next one, in the journal, where it is safe.
        if (Volatile.Read(ref _isArmed) == 0 && Interlocked.Exchange(ref _isArmed, 1) == 0)
        {
            Arm();
        }
        else if (_journal.IsCrowded && Volatile.Read(ref _isHurried) == 0 && Interlocked.Exchange(ref _isHurried, 1) == 0)
        {
            _hurry.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Overflow(FunctionVersion function, in MeterEntry entry)
    {
        bool added;
        lock (_overflowLock)
        {
            added = _overflow.TryAdd(function.Name.ToString(), entry, _options.MaxPendingSums - Volatile.Read(ref _pendingSums));
        }

        Interlocked.Increment(ref added ? ref _overflowed : ref _lost);
    }

    private void Arm() => _timer.Change(_options.FoldDelay, Timeout.InfiniteTimeSpan);

    private void OnTimer()
    {
        Interlocked.Exchange(ref _isArmed, 0);
        Fold();
        Interlocked.Exchange(ref _isHurried, 0);
    }

    private void Gather()
    {
        if (!_isRecovered)
        {
            _database ??= OpenDatabase();
            _journal.Recover(_database.FoldedUpTo(_journal.Id), _pending.Add);
            _isRecovered = true;
        }

        _journal.Read(_pending.Add);
        lock (_overflowLock)
        {
            _pending.Take(_overflow);
        }
    }

    private void Write()
    {
        if (_pending.Count > 0)
        {
            _database!.Commit(_pending.Sums, _journal.Id, _journal.Position);
            _pending.Clear();
        }

        _journal.Release();
        var hour = MeterEntry.HourOf(_time.GetUtcNow());
        if (_prunedInHour != hour)
        {
            Prune(_database!, hour);
            _prunedInHour = hour;
        }
    }

    // A clock that was set far ahead would have all that was ever used forgotten at once. So it must have agreed with what is stored for a day.
    private void Prune(UsageDatabase database, int hour)
    {
        var before = hour - (int)_options.Retention.TotalHours;
        if (database.HasHours(hour - TrustedAfterHours - 24, hour - TrustedAfterHours))
        {
            database.PruneBefore(before);
        }
        else if (database.HasHours(int.MinValue, before - 1))
        {
            _logger.LogWarning(
                "Usage of before {Before:u} is kept although its time is over, because none is stored of two days to one day ago: the machine's clock may be wrong",
                MeterEntry.StartOf(before));
        }

        database.PruneToSize(_options.MaxBytes);
    }

    private UsageDatabase OpenDatabase()
    {
        MakeFolder();
        var path = Path.Combine(_options.Directory, "hours.db");
        try
        {
            return UsageDatabase.Open(path);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB)
        {
            var aside = $"{path}.damaged-{_time.GetUtcNow().ToUnixTimeMilliseconds()}";
            _logger.LogError(e, "The file of hourly usage is damaged. It is set aside as {Path}, and counting begins anew", aside);
            foreach (var suffix in (string[])["", "-wal", "-shm"])
            {
                if (File.Exists(path + suffix))
                {
                    File.Move(path + suffix, aside + suffix);
                }
            }

            return UsageDatabase.Open(path);
        }
    }
}
