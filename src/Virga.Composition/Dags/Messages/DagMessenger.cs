using System.Buffers;
using Virga.Composition.Dags.Runs;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.State.Binary;

namespace Virga.Composition.Dags.Messages;

/// <summary>Sends what nodes tell each other about runs.</summary>
internal sealed class DagMessenger(INodeLink link)
{
    /// <summary>The answer of a node that has taken an input.</summary>
    public static readonly ReadOnlyMemory<byte> Taken = new byte[] { 0 };

    /// <summary>The answer of a node that needs the spec first.</summary>
    public static readonly ReadOnlyMemory<byte> NeedsSpec = new byte[] { 1 };

    /// <summary>DAGs by digest.</summary>
    public DagDigests Digests { get; } = new();

    /// <summary>Hands an input to the node of its step; returns when that node has it.</summary>
    /// <exception cref="NodeUnreachableException">The node is gone.</exception>
    public async ValueTask HandOverAsync(DagAttempt attempt, NodeName node, DagStep step, int input, StepValue? value, ReadOnlyMemory<byte> session, CancellationToken cancellation)
    {
        var (digest, spec) = Digests.Of(attempt.Dag);
        for (byte[]? sent = null; ; sent = spec)
        {
            using var message = new PooledBytes(512 + (int)(value?.Body.Length ?? 0) + (sent?.Length ?? 0));
            InputMessage.Write(message, attempt, digest, sent, step, input, value, session.Span);
            var answer = await link.AskAsync(node, NodeTopic.DagStep, message.Written, cancellation);
            if (sent is not null || !answer.Span.SequenceEqual(NeedsSpec.Span))
            {
                return;
            }
        }
    }

    /// <summary>Tells all other nodes of an attempt that it has ended.</summary>
    public void TellEnd(DagAttempt attempt)
    {
        var message = Begin(DagMessageKind.Ended, attempt);
        foreach (var node in attempt.Plan.Nodes)
        {
            if (node != link.Self)
            {
                link.Post(node, NodeTopic.DagStep, message.WrittenMemory);
            }
        }
    }

    /// <summary>Tells the run's node of a step's end; when that is lost, a picture lacks a step.</summary>
    public void TellStep(DagAttempt attempt, in StepReport report)
    {
        var message = Begin(DagMessageKind.Step, attempt);
        ReportForm.Write(message, report);
        link.Post(attempt.Plan.Nodes[0], NodeTopic.DagResult, message.WrittenMemory);
    }

    /// <summary>Brings a sink's result to the run's node.</summary>
    /// <exception cref="NodeUnreachableException">That node is gone, and the run with it.</exception>
    public async ValueTask BringResultAsync(DagAttempt attempt, DagStep sink, StepValue? value, ReadOnlyMemory<byte> session)
    {
        using var message = new PooledBytes(256 + (int)(value?.Body.Length ?? 0) + session.Length);
        new RunHeader(DagMessageKind.Sink, attempt.Run, attempt.Number).Write(message);
        message.WriteVarint((ulong)sink.Index);
        message.WriteBytes(session.Span);
        ValueForm.Write(message, value);
        await link.AskAsync(attempt.Plan.Nodes[0], NodeTopic.DagResult, message.Written, CancellationToken.None);
    }

    /// <summary>Tells the run's node that it has failed.</summary>
    /// <exception cref="NodeUnreachableException">That node is gone.</exception>
    public async ValueTask TellFailureAsync(DagAttempt attempt, Problem problem)
    {
        var message = Begin(DagMessageKind.Failed, attempt);
        ProblemForm.Write(message, problem);
        await link.AskAsync(attempt.Plan.Nodes[0], NodeTopic.DagResult, message.WrittenMemory, CancellationToken.None);
    }

    /// <summary>Tells the run's node that it must start again.</summary>
    /// <exception cref="NodeUnreachableException">That node is gone.</exception>
    public async ValueTask TellLossAsync(DagAttempt attempt, string reason)
    {
        var message = Begin(DagMessageKind.Lost, attempt);
        message.WriteText(reason);
        await link.AskAsync(attempt.Plan.Nodes[0], NodeTopic.DagResult, message.WrittenMemory, CancellationToken.None);
    }

    // Not from a pool: a posted message may be on its way for longer than this call.
    private static ArrayBufferWriter<byte> Begin(DagMessageKind kind, DagAttempt attempt)
    {
        var message = new ArrayBufferWriter<byte>(128);
        new RunHeader(kind, attempt.Run, attempt.Number).Write(message);
        return message;
    }
}
