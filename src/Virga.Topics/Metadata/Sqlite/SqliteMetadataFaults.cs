using Microsoft.Data.Sqlite;
using Virga.Core.Problems;

namespace Virga.Topics.Metadata.Sqlite;

/// <summary>Says in our terms what SQLite reports (codes: sqlite.org/rescode.html).</summary>
internal static class SqliteMetadataFaults
{
    private const int Error = 1;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static ProblemException Translate(SqliteException exception, string path) => exception.SqliteErrorCode switch
    {
        // A write that finds no room for the log is reported as an input/output error.
        Full or IoError => new ProblemException(KnownProblems.StorageFull($"The topics' metadata '{path}' could not be written: {exception.Message}"), exception),

        // Our statements are right for our tables: what does not fit them is not what we made.
        Corrupt or NotADatabase or Error => Corrupted(path, exception.Message, exception),
        CannotOpen => new ProblemException(
            KnownProblems.TopicsCorrupted($"The topics' metadata '{path}' could not be opened: {exception.Message}", "Check that its folder exists and that this user may write in it."), exception),
        _ => new ProblemException(KnownProblems.TopicsUnavailable($"The topics' metadata '{path}' failed: {exception.Message}"), exception),
    };

    public static ProblemException Corrupted(string path, string what, Exception? cause = null) => new(
        KnownProblems.TopicsCorrupted(
            $"The topics' metadata '{path}' is damaged: {what}.",
            $"Restore the folder of the topics from a backup; or move '{path}' away, together with its -wal and -shm files, to start without topics."),
        cause);
}
