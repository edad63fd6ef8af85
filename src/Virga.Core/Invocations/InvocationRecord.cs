using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Core.Invocations;

/// <summary>The usage record of one invocation, made when it has wholly ended.</summary>
public readonly record struct InvocationRecord
{
    /// <summary>Which invocation.</summary>
    public required InvocationId Id { get; init; }

    /// <summary>What ran.</summary>
    public required FunctionVersion Function { get; init; }

    /// <summary>What started it.</summary>
    public required Trigger Trigger { get; init; }

    /// <summary>How it ended.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>HTTP status that the caller got.</summary>
    public required int Status { get; init; }

    /// <summary>The problem, when there was one.</summary>
    public Problems.Problem? Problem { get; init; }

    /// <summary>The instance that ran it; empty when none did.</summary>
    public string Instance { get; init; }

    /// <summary>Timing up to the head of the answer.</summary>
    public required InvocationTiming Timing { get; init; }

    /// <summary>From its arrival in the worker to its end, a streamed body included.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>CPU time of the instance meanwhile, shared evenly with calls that ran beside it.</summary>
    public required TimeSpan CpuTime { get; init; }

    /// <summary>Peak memory of the instance so far, in bytes, sampled at most once a second; 0 when not known.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Body bytes to the function.</summary>
    public required long BytesIn { get; init; }

    /// <summary>Body bytes from the function.</summary>
    public required long BytesOut { get; init; }
}
