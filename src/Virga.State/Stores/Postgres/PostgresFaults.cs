using Npgsql;

namespace Virga.State.Stores.Postgres;

/// <summary>Says in our terms what PostgreSQL, or the way to it, reports (codes: postgresql.org/docs/current/errcodes-appendix.html).</summary>
internal static class PostgresFaults
{
    /// <summary>Whether the same statement, sent again at once, may well succeed: it lost against another one.</summary>
    public static bool IsCollision(PostgresException exception) => exception.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected;

    public static bool IsKnown(Exception exception) => exception is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException;

    public static StateStoreException Translate(Exception exception, string where) => new(
        exception switch
        {
            PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => $"PostgreSQL at {where} took longer over a statement than it may.",
            PostgresException { SqlState: PostgresErrorCodes.DiskFull } e => $"The disk of PostgreSQL at {where} is full: {e.MessageText}",
            PostgresException { SqlState: var state } e when state.StartsWith("57P", StringComparison.Ordinal) => $"PostgreSQL at {where} is stopping or starting: {e.MessageText}",
            PostgresException e => $"PostgreSQL at {where} refused a statement ({e.SqlState}): {e.MessageText}",
            NpgsqlException { InnerException: TimeoutException } or TimeoutException => $"PostgreSQL at {where} did not answer in time.",
            _ => $"PostgreSQL at {where} cannot be reached: {exception.Message}",
        },
        exception);
}
