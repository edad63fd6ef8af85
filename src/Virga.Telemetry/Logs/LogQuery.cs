using Virga.Core.Logging;
using Virga.Core.Names;

namespace Virga.Telemetry.Logs;

/// <summary>Which lines of a function's log are wanted.</summary>
public sealed record LogQuery
{
    /// <summary>The greatest <see cref="Limit"/>.</summary>
    public const int MaxLimit = 10_000;

    /// <summary>Lines of this call only.</summary>
    public InvocationId? Invocation { get; init; }

    /// <summary>Lines at least as grave as this.</summary>
    public FunctionLogLevel Level { get; init; } = FunctionLogLevel.Debug;

    /// <summary>Lines from this time on.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Lines whose text or fields hold this, whatever the letter case.</summary>
    public string? Contains { get; init; }

    /// <summary>How many lines at most: the newest ones.</summary>
    public int Limit { get; init; } = 200;
}
