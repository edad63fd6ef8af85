namespace Virga.Telemetry.Metering;

/// <summary>What a row of a usage report stands for.</summary>
public enum UsageGrouping
{
    /// <summary>A function.</summary>
    Function,

    /// <summary>A version of a function.</summary>
    Version,

    /// <summary>An hour, UTC.</summary>
    Hour,

    /// <summary>A tenant.</summary>
    Tenant,
}
