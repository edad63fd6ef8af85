namespace Virga.Core.Resources;

/// <summary>Instances that are kept ready, always or in recurring windows of time. Where windows overlap, the greatest number holds.</summary>
public sealed record ProvisionedWindow
{
    /// <summary>How many instances of the function are kept specialised and warm.</summary>
    public required int Instances { get; init; }

    /// <summary>When the window opens, as a cron expression of five fields; null means that it is always open.</summary>
    public string? Schedule { get; init; }

    /// <summary>How long it stays open; must be given with <see cref="Schedule"/>.</summary>
    public Duration? Duration { get; init; }

    /// <summary>IANA name of the time zone that <see cref="Schedule"/> is in; null means UTC.</summary>
    public string? TimeZone { get; init; }
}
