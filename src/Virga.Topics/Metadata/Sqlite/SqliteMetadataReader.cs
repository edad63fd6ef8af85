using Microsoft.Data.Sqlite;

namespace Virga.Topics.Metadata.Sqlite;

/// <summary>A connection that reads, with its statements prepared; used by one thread at a time. It never waits for the one that writes.</summary>
internal sealed class SqliteMetadataReader : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _get;
    private readonly SqliteCommand _list;

    public SqliteMetadataReader(string connection)
    {
        _connection = new SqliteConnection(connection);
        _connection.Open();
        _get = _connection.CreateCommand();
        _get.CommandText = "SELECT key, value, version FROM entries WHERE key = $key";
        _get.Parameters.Add("$key", SqliteType.Blob);
        _list = _connection.CreateCommand();
        _list.CommandText = "SELECT key, value, version FROM entries WHERE key >= $from AND key < $below ORDER BY key LIMIT $limit";
        _list.Parameters.Add("$from", SqliteType.Blob);
        _list.Parameters.Add("$below", SqliteType.Blob);
        _list.Parameters.Add("$limit", SqliteType.Integer);
    }

    public MetadataValue? Get(MetadataKey key)
    {
        _get.Parameters[0].Value = key.Bytes;
        using var row = _get.ExecuteReader();
        return row.Read() ? Read(row).Value : null;
    }

    public IReadOnlyList<KeyValuePair<string, MetadataValue>> List((byte[] From, byte[] Below) range, int limit)
    {
        _list.Parameters[0].Value = range.From;
        _list.Parameters[1].Value = range.Below;
        _list.Parameters[2].Value = limit;
        using var row = _list.ExecuteReader();
        var found = new List<KeyValuePair<string, MetadataValue>>();
        while (row.Read())
        {
            var (key, value) = Read(row);
            found.Add(KeyValuePair.Create(key.ToString(), value));
        }

        return found;
    }

    public void Dispose()
    {
        _get.Dispose();
        _list.Dispose();
        _connection.Dispose();
    }

    private static (MetadataKey Key, MetadataValue Value) Read(SqliteDataReader row)
    {
        var key = new MetadataKey(row.GetFieldValue<byte[]>(0));
        var version = row.GetInt64(2);
        return (key, new MetadataValue(SealedValue.Open(key, version, row.GetFieldValue<byte[]>(1)), version));
    }
}
