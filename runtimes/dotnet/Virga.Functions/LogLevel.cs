namespace Virga.Functions;

/// <summary>How much a log line matters.</summary>
public enum LogLevel
{
    /// <summary>For whoever looks for a fault.</summary>
    Debug,

    /// <summary>What happened.</summary>
    Info,

    /// <summary>Something to look at.</summary>
    Warn,

    /// <summary>Something failed.</summary>
    Error,
}
