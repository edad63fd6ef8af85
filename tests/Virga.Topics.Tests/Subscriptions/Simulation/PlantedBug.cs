namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>What is made wrong on purpose, from outside, to see that the checker finds it.</summary>
internal enum PlantedBug
{
    None,

    /// <summary>The log leaves an entry out when it is read.</summary>
    HidesEntries,

    /// <summary>A write of the cursor is confirmed and does not take place.</summary>
    ForgetsWrites,

    /// <summary>Keys may change their consumer at once, although order is expected.</summary>
    LetsKeysGo,

    /// <summary>The subscription's clock is ahead of the producers'.</summary>
    RunsAhead,

    /// <summary>Consumers may have any number of messages unacknowledged, although a limit is expected.</summary>
    HasNoLimit,

    /// <summary>A shared subscription is taken for an exclusive one.</summary>
    SharesWithAll,
}
