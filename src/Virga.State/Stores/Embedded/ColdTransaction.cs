using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Virga.State.Stores.Embedded;

/// <summary>
/// A transaction that is rolled back unless it was committed. SQLite ends one by itself when the disk is full, during the commit as well;
/// <see cref="SqliteTransaction"/> would then roll back a second time and hide the cause.
/// </summary>
internal sealed class ColdTransaction : IDisposable
{
    private readonly SqliteConnection _connection;

    public ColdTransaction(SqliteConnection connection)
    {
        _connection = connection;
        Execute("BEGIN IMMEDIATE");
    }

    public void Commit() => Execute("COMMIT");

    public void Dispose()
    {
        var isOpen = raw.sqlite3_get_autocommit(_connection.Handle) == 0;
        if (isOpen)
        {
            Execute("ROLLBACK");
        }
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
