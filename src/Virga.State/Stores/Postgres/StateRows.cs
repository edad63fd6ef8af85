using Npgsql;
using NpgsqlTypes;
using Virga.Core.Names;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Postgres;

/// <summary>The statements on rows.</summary>
internal sealed class StateRows(TimeSpan tombstoneRetention)
{
    // A message to the server is bounded by a gigabyte, and is in memory on both sides.
    private const long BytesPerStatement = 64 << 20;
    private const int RowsPerStatement = 5000;

    private const string Find =
        """
        SELECT wanted.place, state.record, state.version
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (tenant, namespace, key, place)
        JOIN virga.state USING (tenant, namespace, key)
        """;

    // A row whose version is another than the one that was read is not changed, but locked: whoever reads it again in the same transaction may rely on it.
    private const string Upsert =
        """
        INSERT INTO virga.state AS state (tenant, namespace, key, record, version, live, kind, due_at, changed)
        SELECT tenant, namespace, key, record, version + 1, live, kind, due_at, pg_current_xact_id()::text::bigint
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::boolean[], $7::smallint[], $8::bigint[])
            WITH ORDINALITY AS wanted (tenant, namespace, key, record, version, live, kind, due_at, place)
        ORDER BY place
        ON CONFLICT (tenant, namespace, key) DO UPDATE SET
            record = excluded.record, version = excluded.version, live = excluded.live, kind = excluded.kind, due_at = excluded.due_at, changed = excluded.changed
        WHERE state.version = excluded.version - 1
        RETURNING tenant, namespace, key
        """;

    /// <summary>Reads the rows of keys.</summary>
    public static async Task<StateRow[]> FindAsync(Func<string, NpgsqlCommand> create, IReadOnlyList<StateKey> keys, CancellationToken cancellation)
    {
        var rows = new StateRow[keys.Count];
        await using var command = create(Find);
        AddKeys(command, keys);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows[(int)reader.GetInt64(0) - 1] = new StateRow(RecordEncoding.Read(reader.GetFieldValue<byte[]>(1)), reader.GetInt64(2));
        }

        return rows;
    }

    /// <summary>Writes records over the versions that were read, in the order in which the keys are given: everybody's is the same, so that nobody waits in a circle.</summary>
    /// <returns>The keys that were written; those that changed since are not.</returns>
    public async Task<HashSet<StateKey>> UpsertAsync(Func<string, NpgsqlCommand> create, IReadOnlyList<RowWrite> writes, CancellationToken cancellation)
    {
        var written = new HashSet<StateKey>(writes.Count);
        for (var from = 0; from < writes.Count;)
        {
            var part = new List<RowWrite>();
            long bytes = 0;
            for (; from < writes.Count && part.Count < RowsPerStatement && (part.Count == 0 || bytes + writes[from].Bytes.Length <= BytesPerStatement); from++)
            {
                bytes += writes[from].Bytes.Length;
                part.Add(writes[from]);
            }

            await UpsertAsync(create, part, written, cancellation);
        }

        return written;
    }

    private static void AddKeys(NpgsqlCommand command, IReadOnlyList<StateKey> keys)
    {
        var tenants = new string[keys.Count];
        var namespaces = new string[keys.Count];
        var texts = new string[keys.Count];
        for (var i = 0; i < keys.Count; i++)
        {
            tenants[i] = keys[i].Scope.Tenant.Value;
            namespaces[i] = keys[i].Scope.Namespace.Value;
            texts[i] = keys[i].Text;
        }

        Add(command, tenants, NpgsqlDbType.Text);
        Add(command, namespaces, NpgsqlDbType.Text);
        Add(command, texts, NpgsqlDbType.Text);
    }

    private static void Add(NpgsqlCommand command, object values, NpgsqlDbType type) =>
        command.Parameters.Add(new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type });

    private async Task UpsertAsync(Func<string, NpgsqlCommand> create, List<RowWrite> writes, HashSet<StateKey> written, CancellationToken cancellation)
    {
        await using var command = create(Upsert);
        AddKeys(command, [.. writes.Select(write => write.Key)]);
        Add(command, writes.Select(write => write.Bytes).ToArray(), NpgsqlDbType.Bytea);
        Add(command, writes.Select(write => write.Version).ToArray(), NpgsqlDbType.Bigint);
        Add(command, writes.Select(write => write.Record.Value is not null).ToArray(), NpgsqlDbType.Boolean);
        Add(command, writes.Select(write => write.Record.Value is { } value ? (short?)value.Kind : null).ToArray(), NpgsqlDbType.Smallint);
        Add(command, writes.Select(write => DueOf(write.Record)).ToArray(), NpgsqlDbType.Bigint);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            written.Add(ReadKey(reader));
        }
    }

    /// <summary>The key in the first three columns.</summary>
    public static StateKey ReadKey(NpgsqlDataReader reader) =>
        new(new Scope(ResourceName.Parse(reader.GetString(0)), ResourceName.Parse(reader.GetString(1))), reader.GetString(2));

    private long? DueOf(StateRecord record) =>
        record.Value is null ? record.Generation.UnixMilliseconds + (long)tombstoneRetention.TotalMilliseconds
        : record.Expiry is { At: not Expiry.Never } expiry ? expiry.At
        : null;
}
