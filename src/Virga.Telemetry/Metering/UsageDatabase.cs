using Microsoft.Data.Sqlite;

namespace Virga.Telemetry.Metering;

/// <summary>
/// The sums per hour, in one SQLite file, and beside them how far the journal is contained in them: both change in one transaction, so that no crash
/// loses an entry or counts it twice. Used by one thread at a time, but for <see cref="Query"/>, which waits for nobody.
/// </summary>
internal sealed class UsageDatabase : IDisposable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS hours(
            hour INTEGER NOT NULL, tenant TEXT NOT NULL, namespace TEXT NOT NULL, function TEXT NOT NULL, version INTEGER NOT NULL,
            ok INTEGER NOT NULL, errors INTEGER NOT NULL, rejected INTEGER NOT NULL, cancelled INTEGER NOT NULL,
            duration_ms INTEGER NOT NULL, cpu_us INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
            warm INTEGER NOT NULL, frozen INTEGER NOT NULL, snapshot INTEGER NOT NULL,
            PRIMARY KEY(hour, tenant, namespace, function, version)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS journal(id INTEGER NOT NULL, folded INTEGER NOT NULL);
        """;

    private const string Upsert = """
        INSERT INTO hours VALUES($hour, $tenant, $namespace, $function, $version, $ok, $errors, $rejected, $cancelled, $duration, $cpu, $in, $out, $warm, $frozen, $snapshot)
        ON CONFLICT DO UPDATE SET
            ok = ok + excluded.ok, errors = errors + excluded.errors, rejected = rejected + excluded.rejected, cancelled = cancelled + excluded.cancelled,
            duration_ms = duration_ms + excluded.duration_ms, cpu_us = cpu_us + excluded.cpu_us,
            bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out,
            warm = warm + excluded.warm, frozen = frozen + excluded.frozen, snapshot = snapshot + excluded.snapshot
        """;

    private readonly SqliteConnection _connection;
    private readonly string _reader;

    static UsageDatabase() => SQLitePCL.Batteries_V2.Init();

    private UsageDatabase(SqliteConnection connection, string path)
    {
        _connection = connection;
        _reader = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString();
    }

    /// <summary>Opens the file, or makes it.</summary>
    /// <exception cref="SqliteException">It cannot be opened, or is damaged.</exception>
    public static UsageDatabase Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            // Before anything is written: the log beside the file gets the file's mode.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Execute(connection, "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
            // By itself: what fails after a pragma that answers goes unnoticed.
            Execute(connection, Schema);
            return new UsageDatabase(connection, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The position up to which a journal's entries are contained in the sums; 0 for a journal that is not known.</summary>
    public long FoldedUpTo(long journal) => (long)(Scalar("SELECT folded FROM journal WHERE id = $id", ("$id", journal)) ?? 0L);

    /// <summary>Adds the sums, and notes the position of the journal that they go up to: all of it, or nothing.</summary>
    /// <exception cref="SqliteException">Nothing was changed.</exception>
    public void Commit(IReadOnlyDictionary<UsageKey, UsageSums> sums, long journal, long position)
    {
        using var transaction = _connection.BeginTransaction();
        using (var upsert = new UpsertCommand(_connection, transaction))
        {
            foreach (var (key, added) in sums)
            {
                upsert.Execute(key, added);
            }
        }

        Execute(_connection, "DELETE FROM journal; INSERT INTO journal VALUES($id, $folded);", transaction, ("$id", journal), ("$folded", position));
        transaction.Commit();
    }

    /// <summary>Whether anything is stored of the hours from one to another, both included.</summary>
    public bool HasHours(int first, int last) =>
        Scalar("SELECT 1 FROM hours WHERE hour BETWEEN $first AND $last LIMIT 1", ("$first", first), ("$last", last)) is not null;

    /// <summary>Removes the hours before the given one.</summary>
    public void PruneBefore(int hour) => Execute(_connection, "DELETE FROM hours WHERE hour < $hour", null, ("$hour", hour));

    /// <summary>Removes the oldest days, until the rest takes no more than so many bytes.</summary>
    public void PruneToSize(long maxBytes)
    {
        var removed = 1;
        while (removed > 0 && UsedBytes() > maxBytes)
        {
            removed = Execute(_connection, "DELETE FROM hours WHERE hour < (SELECT min(hour) FROM hours) + 24");
        }
    }

    /// <summary>The rows of a report, without costs.</summary>
    /// <exception cref="SqliteException">The file cannot be read.</exception>
    public IReadOnlyList<UsageReportRow> Query(UsageReportQuery query, int sinceHour, int untilHour)
    {
        var keys = query.By switch
        {
            UsageGrouping.Function => "tenant, namespace, function",
            UsageGrouping.Version => "tenant, namespace, function, version",
            UsageGrouping.Hour => "hour",
            UsageGrouping.Tenant => "tenant",
            _ => throw new ArgumentOutOfRangeException(nameof(query)),
        };
        using var connection = new SqliteConnection(_reader);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT max(tenant), max(namespace), max(function), max(version), max(hour),
                sum(ok), sum(errors), sum(rejected), sum(cancelled), sum(duration_ms), sum(cpu_us), sum(bytes_in), sum(bytes_out), total(warm), total(frozen), total(snapshot)
            FROM hours
            WHERE hour >= $since AND hour < $until
                AND ($tenant IS NULL OR tenant = $tenant) AND ($namespace IS NULL OR namespace = $namespace) AND ($function IS NULL OR function = $function)
            GROUP BY {keys} ORDER BY {keys}
            """;
        Bind(command, ("$since", sinceHour), ("$until", untilHour), ("$tenant", query.Tenant?.Value), ("$namespace", query.Namespace?.Value), ("$function", query.Function?.Value));
        using var reader = command.ExecuteReader();
        var rows = new List<UsageReportRow>();
        while (reader.Read())
        {
            rows.Add(Row(reader, query.By));
        }

        return rows;
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static UsageReportRow Row(SqliteDataReader reader, UsageGrouping by)
    {
        var isFunction = by is UsageGrouping.Function or UsageGrouping.Version;
        return new UsageReportRow
        {
            Tenant = isFunction || by == UsageGrouping.Tenant ? reader.GetString(0) : null,
            Namespace = isFunction ? reader.GetString(1) : null,
            Function = isFunction ? reader.GetString(2) : null,
            Version = by == UsageGrouping.Version ? reader.GetInt32(3) : null,
            Hour = by == UsageGrouping.Hour ? MeterEntry.StartOf(reader.GetInt32(4)) : null,
            Usage = new UsageAmounts
            {
                Ok = reader.GetInt64(5),
                Errors = reader.GetInt64(6),
                Rejected = reader.GetInt64(7),
                Cancelled = reader.GetInt64(8),
                DurationMs = reader.GetInt64(9),
                CpuMicroseconds = reader.GetInt64(10),
                BytesIn = reader.GetInt64(11),
                BytesOut = reader.GetInt64(12),
                WarmByteSeconds = Whole(reader.GetDouble(13)),
                FrozenByteSeconds = Whole(reader.GetDouble(14)),
                SnapshotByteSeconds = Whole(reader.GetDouble(15)),
            },
        };
    }

    // The sum of whole numbers, which could be too large for 64 bits: exact up to 2^53, and to 16 digits beyond.
    private static decimal Whole(double sum) => (decimal)(Int128)sum;

    private long UsedBytes() =>
        (long)Scalar("PRAGMA page_size")! * ((long)Scalar("PRAGMA page_count")! - (long)Scalar("PRAGMA freelist_count")!);

    private object? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        Bind(command, values);
        return command.ExecuteScalar();
    }

    private static int Execute(SqliteConnection connection, string sql, SqliteTransaction? transaction = null, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        Bind(command, values);
        return command.ExecuteNonQuery();
    }

    private static void Bind(SqliteCommand command, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }
    }

    /// <summary>The statement that adds sums, prepared once for a whole commit.</summary>
    private sealed class UpsertCommand : IDisposable
    {
        private static readonly string[] Names =
        [
            "$hour", "$tenant", "$namespace", "$function", "$version", "$ok", "$errors", "$rejected", "$cancelled",
            "$duration", "$cpu", "$in", "$out", "$warm", "$frozen", "$snapshot",
        ];

        private readonly SqliteCommand _command;

        public UpsertCommand(SqliteConnection connection, SqliteTransaction transaction)
        {
            _command = connection.CreateCommand();
            _command.CommandText = Upsert;
            _command.Transaction = transaction;
            foreach (var name in Names)
            {
                _command.Parameters.Add(new SqliteParameter { ParameterName = name });
            }
        }

        public void Execute(UsageKey key, in UsageSums sums)
        {
            var name = key.Function.Split('/');
            Set(0, key.Hour);
            for (var part = 0; part < name.Length; part++)
            {
                Set(1 + part, name[part]);
            }

            Set(4, key.Version);
            Set(5, sums.Ok);
            Set(6, sums.Errors);
            Set(7, sums.Rejected);
            Set(8, sums.Cancelled);
            Set(9, sums.DurationMs);
            Set(10, sums.CpuMicroseconds);
            Set(11, sums.BytesIn);
            Set(12, sums.BytesOut);
            Set(13, sums.WarmByteSeconds);
            Set(14, sums.FrozenByteSeconds);
            Set(15, sums.SnapshotByteSeconds);
            _command.ExecuteNonQuery();
        }

        public void Dispose() => _command.Dispose();

        private void Set(int index, object value) => _command.Parameters[index].Value = value;
    }
}
