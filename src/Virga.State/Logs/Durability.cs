namespace Virga.State.Logs;

/// <summary>When a write to shared state is acknowledged.</summary>
public enum Durability
{
    /// <summary>When it is on disk: it survives a power cut.</summary>
    Sync,

    /// <summary>When it is in memory and in the operating system's hands soon after: it survives the end of the node's process if that comes later than the write by more than the moment that the log takes to hand it over, and a power cut if that comes later than the interval.</summary>
    Interval,
}
