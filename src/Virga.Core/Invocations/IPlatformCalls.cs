using System.Buffers;

namespace Virga.Core.Invocations;

/// <summary>
/// Answers what functions ask of the platform over their worker's channel (frames <c>ASK</c> and <c>ANSWER</c>): state, calls of other functions, messages.
/// Requests and answers are as <c>docs/worker-protocol.md</c> describes; a failure is an answer too, never an exception.
/// </summary>
public interface IPlatformCalls
{
    /// <summary>
    /// Answers at once where nothing has to be waited for: what this node has in memory. Runs on the thread that received the frame and must not block.
    /// </summary>
    /// <param name="call">The call in whose name the function asks.</param>
    /// <param name="request">The whole request; valid during this call only.</param>
    /// <param name="answer">Takes the whole answer. Throws <see cref="Problems.ProblemException"/> when it becomes larger than an answer may be; leave that to the caller.</param>
    /// <returns>False when nothing was changed: what was written is dropped, and <see cref="AnswerAsync"/> is called with the same request.</returns>
    bool TryAnswer(Invocation call, ReadOnlySpan<byte> request, IBufferWriter<byte> answer);

    /// <summary>Answers after a wait.</summary>
    /// <param name="call">The call in whose name the function asks.</param>
    /// <param name="request">The whole request; valid until the task has completed.</param>
    /// <param name="answer">Takes the whole answer.</param>
    /// <param name="cancellation">The call has ended, or the worker has withdrawn the request: nobody waits for the answer.</param>
    ValueTask AnswerAsync(Invocation call, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation);

    /// <summary>A call is about to go to its worker: it can be sent messages from now on. Told again when that worker had just ended and another gets the call.</summary>
    void CallStarted(Invocation call);

    /// <summary>A call has ended, whatever its outcome.</summary>
    void CallEnded(Invocation call);
}
