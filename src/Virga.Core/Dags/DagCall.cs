using System.Buffers;
using System.IO.Pipelines;
using Virga.Core.Names;

namespace Virga.Core.Dags;

/// <summary>One call of a DAG, whatever started it.</summary>
public sealed class DagCall
{
    /// <summary>The id of the run that it begins.</summary>
    public required InvocationId Id { get; init; }

    /// <summary>What is called.</summary>
    public required DagName Dag { get; init; }

    /// <summary>The input, when <see cref="BodyStream"/> is null. The caller keeps it unchanged until the result is disposed.</summary>
    public ReadOnlySequence<byte> Body { get; init; }

    /// <summary>The input as it arrives; null when <see cref="Body"/> is all of it.</summary>
    public PipeReader? BodyStream { get; init; }

    /// <summary>The input's media type; null for JSON.</summary>
    public string? ContentType { get; init; }

    /// <summary>W3C trace context of the caller.</summary>
    public string? TraceParent { get; init; }

    /// <summary>When it arrived, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public required long ReceivedAt { get; init; }
}
