namespace Virga.State.Tests.Simulation;

/// <summary>What a history is made to get wrong, so that the checker can show that it finds it.</summary>
public enum PlantedBug
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A cache that was to keep a version for a session gives what it has now.</summary>
    ForgetsSnapshots,

    /// <summary>A session's read gives the newest version now and then.</summary>
    ReadsNewer,

    /// <summary>Updates do not reach a cache, and nobody notices.</summary>
    DropsUpdates,

    /// <summary>An update is shown before what it depends on.</summary>
    ShowsEffectsFirst,

    /// <summary>A session does not take along what it has seen.</summary>
    ForgetsSession,

    /// <summary>A write is acknowledged before it is on disk.</summary>
    AcknowledgesEarly,

    /// <summary>A key that waits to be stored is forgotten, as if it had been stored.</summary>
    LosesDirtyKeys,
}
