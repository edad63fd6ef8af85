using Microsoft.Data.Sqlite;
using Virga.Core.Problems;

namespace Virga.State.Stores.Embedded;

/// <summary>Says in our terms what SQLite reports (codes: sqlite.org/rescode.html).</summary>
internal static class ColdFaults
{
    private const int Error = 1;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static ProblemException Translate(SqliteException exception, string path) => exception.SqliteErrorCode switch
    {
        // A write that finds no room for the journal is reported as an input/output error.
        Full or IoError => new ProblemException(KnownProblems.StorageFull($"The database of shared state '{path}' could not be written: {exception.Message}"), exception),

        // Our statements are right for our tables: what does not fit them is not what we made.
        Corrupt or NotADatabase or Error => Corrupted(path, exception.Message, exception),
        CannotOpen => new ProblemException(
            KnownProblems.StateCorrupted($"The database of shared state '{path}' could not be opened: {exception.Message}", "Check that the state folder exists and that this user may write in it."), exception),
        _ => new ProblemException(KnownProblems.StateUnavailable($"The database of shared state '{path}' failed: {exception.Message}"), exception),
    };

    public static ProblemException Corrupted(string path, string what, Exception? inner = null) => new(
        KnownProblems.StateCorrupted(
            $"The database of shared state '{path}' is damaged: {what}.",
            $"Restore the state folder from a backup; or move '{path}' away, together with its -wal and -shm files, to go on with what the log holds alone."),
        inner);
}
