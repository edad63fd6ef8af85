using System.Buffers;
using System.IO.Pipelines;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Core.Invocations;

/// <summary>One call of a function, whatever started it.</summary>
public sealed class Invocation
{
    /// <summary>The greatest body that goes inline, in bytes; what is longer, or of unknown length, is streamed.</summary>
    public const int MaxInlineBody = 64 * 1024;

    /// <summary>The id by which logs, usage and the answer's header name it.</summary>
    public required InvocationId Id { get; init; }

    /// <summary>What is called.</summary>
    public required FunctionVersion Function { get; init; }

    /// <summary>What started it.</summary>
    public Trigger Trigger { get; init; }

    /// <summary>HTTP method, upper case.</summary>
    public string Method { get; init; } = "POST";

    /// <summary>Percent-decoded path.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Raw query string without its <c>?</c>.</summary>
    public string Query { get; init; } = "";

    /// <summary>What the route's template captured.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; } = [];

    /// <summary>The request's headers.</summary>
    public IHeaderSource? Headers { get; init; }

    /// <summary>The whole body, when <see cref="BodyStream"/> is null; at most <see cref="MaxInlineBody"/> bytes. The caller keeps it unchanged until the invocation has ended.</summary>
    public ReadOnlySequence<byte> Body { get; init; }

    /// <summary>The body as it arrives; null when <see cref="Body"/> is all of it. It ends with a <see cref="Problems.ProblemException"/> when the client breaks a rule.</summary>
    public PipeReader? BodyStream { get; init; }

    /// <summary>Calls with equal keys go to the same instance where that has room; null where the function does not ask for it.</summary>
    public string? Affinity { get; init; }

    /// <summary>W3C trace context of the caller; where spans are made, of the innermost one around the call.</summary>
    public string? TraceParent { get; set; }

    /// <summary>1 for the first try.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Keys of shared state that the body's <c>{"$ref":"KEY"}</c> stand for; the worker has their values before its handler runs.</summary>
    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>What the chain of calls that this one belongs to has seen of shared state; null where its consistency asks for nothing. Set before the call goes to its worker, if at all.</summary>
    public IInvocationSession? Session { get; set; }

    /// <summary>How many calls of functions by functions led to it.</summary>
    public int Depth { get; init; }

    /// <summary>
    /// When it must have ended, as <see cref="TimeProvider.GetTimestamp"/>; <see cref="long.MaxValue"/> for no bound. Made with the bound of whoever calls; the scheduler
    /// brings it forward to the function's own timeout, and an accepted WebSocket has none.
    /// </summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>When it arrived, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public required long ReceivedAt { get; init; }
}
