using Microsoft.Data.Sqlite;
using Virga.Core.Problems;

namespace Virga.Control.Metadata;

/// <summary>Says in our terms what SQLite reports (codes: sqlite.org/rescode.html).</summary>
internal static class SqliteFaults
{
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>Whether <see cref="Translate"/> has a problem for the exception.</summary>
    public static bool IsKnown(SqliteException exception) => exception.SqliteErrorCode is Full or IoError or Corrupt or NotADatabase or CannotOpen;

    /// <summary>The problem that the exception means.</summary>
    public static ProblemException Translate(SqliteException exception, string path) => exception.SqliteErrorCode switch
    {
        // A write that fails half-way, and one that finds no room for the journal, are both reported as an input/output error.
        Full or IoError => new ProblemException(KnownProblems.StorageFull($"The metadata file '{path}' could not be written: {exception.Message}"), exception),
        Corrupt or NotADatabase => Corrupted(path, exception.Message, exception),
        CannotOpen => new ProblemException(KnownProblems.MetadataCorrupted(
            $"The metadata file '{path}' could not be opened: {exception.Message}",
            "Check that the data folder exists and that this user may write in it."), exception),
        _ => throw new ArgumentException($"SQLite's error {exception.SqliteErrorCode} has no problem of its own.", nameof(exception)),
    };

    /// <summary>The problem of a file that is damaged.</summary>
    public static ProblemException Corrupted(string path, string what, Exception? inner = null) => new(
        KnownProblems.MetadataCorrupted(
            $"The metadata file '{path}' is damaged: {what}",
            $"Restore '{path}' from a backup; or move it away, together with its -wal and -shm files, to start with nothing deployed."),
        inner);
}
