using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Virga.Control.Metadata;

/// <summary>
/// A transaction that writes; it is rolled back unless it was committed. SQLite ends a transaction by itself when the disk is full, during the commit as
/// well; <see cref="SqliteTransaction"/> would then roll back a second time, hide the cause, and leave its connection of no use.
/// </summary>
internal sealed class SqliteWrite : IDisposable
{
    private readonly SqliteConnection _connection;

    public SqliteWrite(SqliteConnection connection)
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
