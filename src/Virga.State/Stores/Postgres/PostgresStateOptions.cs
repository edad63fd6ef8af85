namespace Virga.State.Stores.Postgres;

/// <summary>How the store of a cluster behaves.</summary>
public sealed record PostgresStateOptions
{
    /// <summary>Where the database is: a URL (<c>postgres://user:password@host:5432/database</c>), or what Npgsql reads.</summary>
    public required string Connection { get; init; }

    /// <summary>How long one statement may take before the store counts as not reachable.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it is remembered that a key was deleted. Updates that were made before the deletion and arrive later than that bring the key back.</summary>
    public TimeSpan TombstoneRetention { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often expired keys are deleted and old deletions forgotten; one of the nodes does it.</summary>
    public TimeSpan SweepPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After how long the feed looks for changes by itself, should the database not have told of them.</summary>
    public TimeSpan FeedPoll { get; init; } = TimeSpan.FromSeconds(1);
}
