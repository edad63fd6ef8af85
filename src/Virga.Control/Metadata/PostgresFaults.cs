using Npgsql;
using Virga.Core.Problems;

namespace Virga.Control.Metadata;

/// <summary>Says in our terms what PostgreSQL reports.</summary>
internal static class PostgresFaults
{
    /// <exception cref="ProblemException"><c>storage-full</c>, <c>cluster-unavailable</c>.</exception>
    public static async Task<T> RunAsync<T>(Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.DiskFull)
        {
            throw new ProblemException(KnownProblems.StorageFull($"The cluster's database could not store it: {exception.MessageText}"), exception);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            throw new ProblemException(KnownProblems.ClusterUnavailable($"The cluster's database failed: {exception.Message.TrimEnd('.')}."), exception);
        }
    }

    /// <summary>Like <see cref="RunAsync"/>, and once more when a connection had broken that was kept from earlier: reading twice harms nobody.</summary>
    public static Task<T> RunReadAsync<T>(Func<Task<T>> run) => RunAsync(async () =>
    {
        try
        {
            return await run();
        }
        catch (NpgsqlException exception) when (exception is not PostgresException || exception.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown)
        {
            return await run();
        }
    });
}
