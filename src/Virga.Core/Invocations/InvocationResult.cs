using Virga.Core.Problems;

namespace Virga.Core.Invocations;

/// <summary>How an invocation went, up to the head of its answer: either an answer or a problem.</summary>
public abstract class InvocationResult : IAsyncDisposable
{
    /// <summary>Where the time went.</summary>
    public InvocationTiming Timing { get; protected set; }

    /// <summary>What ended the call without an answer; null when there is an answer.</summary>
    public Problem? Problem { get; protected set; }

    /// <summary>HTTP status of the answer; 101 when the function accepted a WebSocket.</summary>
    public int Status { get; protected set; }

    /// <summary>Headers of the answer, or null for just <c>content-type: application/json</c>. Names and values hold no control characters.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Headers { get; protected set; }

    /// <summary>The whole body when <see cref="BodyStream"/> is null; valid until the result is disposed.</summary>
    public ReadOnlyMemory<byte> Body { get; protected set; }

    /// <summary>The body as the function makes it; null when <see cref="Body"/> is all of it. Reading throws <see cref="ProblemException"/> when the function fails half-way.</summary>
    public System.IO.Pipelines.PipeReader? BodyStream { get; protected set; }

    /// <summary>The messages of an accepted WebSocket.</summary>
    public IMessageChannel? WebSocket { get; protected set; }

    /// <summary>Ends the call if it still runs, and gives its buffers back.</summary>
    public abstract ValueTask DisposeAsync();
}
