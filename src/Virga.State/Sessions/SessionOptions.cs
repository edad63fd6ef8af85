namespace Virga.State.Sessions;

/// <summary>How long sessions wait and what they may keep.</summary>
public sealed record SessionOptions
{
    /// <summary>How long a node keeps versions for a session of which it hears nothing more: longer than any DAG runs.</summary>
    public TimeSpan SnapshotLife { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a session waits for a version that it has seen, before it is lost.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many keys one session may read and write.</summary>
    public int MostKeys { get; init; } = 65_536;
}
