namespace Virga.Cli.Top;

/// <summary>By what functions are sorted.</summary>
internal enum TopOrder
{
    /// <summary>Calls per second.</summary>
    Calls,

    /// <summary>CPU.</summary>
    Cpu,

    /// <summary>Resident memory.</summary>
    Memory,

    /// <summary>The latency that 99 of 100 calls keep to.</summary>
    P99,
}
