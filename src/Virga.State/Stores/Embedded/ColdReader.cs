using Microsoft.Data.Sqlite;
using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>A connection that reads the database, with its statements prepared; used by one thread at a time.</summary>
internal sealed class ColdReader : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _scan;
    private readonly SqliteCommand _due;

    public ColdReader(string connection)
    {
        _connection = new SqliteConnection(connection);
        _connection.Open();
        _find = Command("SELECT record FROM state WHERE scope = $scope AND key = $key", "$scope", "$key");
        _scan = Command("SELECT key, record FROM state WHERE scope = $scope AND key >= $key ORDER BY key", "$scope", "$key");
        _due = Command("SELECT scope, key FROM state WHERE due_at <= $due LIMIT $limit", "$due", "$limit");
    }

    public StateRecord? Find(StateKey key)
    {
        var scope = ColdKeys.TextOf(key.Scope);
        _find.Parameters[0].Value = scope;
        _find.Parameters[1].Value = key.Text;
        using var row = _find.ExecuteReader();
        return row.Read() ? ColdKeys.Unpack(scope, key.Text, row.GetFieldValue<byte[]>(0)).Record : null;
    }

    public void Scan(Scope scope, string from, bool inclusive, Func<StateKey, StateRecord, bool> row)
    {
        var text = ColdKeys.TextOf(scope);
        _scan.Parameters[0].Value = text;
        _scan.Parameters[1].Value = from;
        using var rows = _scan.ExecuteReader();
        while (rows.Read())
        {
            var key = ColdKeys.ReadText(rows, 0);
            if (!inclusive && string.Equals(key, from, StringComparison.Ordinal))
            {
                continue;
            }

            if (!row(new StateKey(scope, key), ColdKeys.Unpack(text, key, rows.GetFieldValue<byte[]>(1)).Record))
            {
                return;
            }
        }
    }

    public IReadOnlyList<StateKey> Due(long unixMilliseconds, int limit)
    {
        _due.Parameters[0].Value = unixMilliseconds;
        _due.Parameters[1].Value = limit;
        using var rows = _due.ExecuteReader();
        var keys = new List<StateKey>();
        while (rows.Read())
        {
            var scope = ColdKeys.ReadText(rows, 0).Split('/');
            keys.Add(new StateKey(new Scope(ResourceName.Parse(scope[0]), ResourceName.Parse(scope[1])), ColdKeys.ReadText(rows, 1)));
        }

        return keys;
    }

    public void Dispose()
    {
        _find.Dispose();
        _scan.Dispose();
        _due.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters)
        {
            command.Parameters.AddWithValue(name, DBNull.Value);
        }

        return command;
    }
}
