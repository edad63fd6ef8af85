using System.Net.Sockets;
using Npgsql;
using Virga.Core.Problems;

namespace Virga.Topics.Metadata.Postgres;

/// <summary>Says in our terms what PostgreSQL, or the way to it, reports (codes: postgresql.org/docs/current/errcodes-appendix.html).</summary>
internal static class PostgresMetadataFaults
{
    /// <summary>Whether the same transaction may well succeed at once: it lost against another one.</summary>
    public static bool IsCollision(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>Whether a connection of the pool broke, as each does once when the server was restarted: a new one may well work.</summary>
    public static bool IsBroken(Exception exception) => exception switch
    {
        PostgresException { SqlState: var state } => state is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown,
        NpgsqlException { InnerException: IOException or SocketException } => true,
        _ => exception is IOException or SocketException,
    };

    public static bool IsKnown(Exception exception) => exception is NpgsqlException or TimeoutException or IOException or SocketException;

    public static ProblemException Translate(Exception exception, string where) => new(
        exception switch
        {
            PostgresException { SqlState: PostgresErrorCodes.DiskFull } e => KnownProblems.StorageFull($"The disk of PostgreSQL at {where} is full: {e.MessageText}"),
            _ => KnownProblems.TopicsUnavailable(exception switch
            {
                PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => $"PostgreSQL at {where} took longer over a statement than it may.",
                PostgresException { SqlState: var state } e when state.StartsWith("57P", StringComparison.Ordinal) => $"PostgreSQL at {where} is stopping or starting: {e.MessageText}",
                PostgresException e => $"PostgreSQL at {where} refused a statement ({e.SqlState}): {e.MessageText}",
                NpgsqlException { InnerException: TimeoutException } or TimeoutException => $"PostgreSQL at {where} did not answer in time.",
                _ => $"PostgreSQL at {where} cannot be reached: {exception.Message}",
            }),
        },
        exception);
}
