using System.Buffers;
using System.IO.Pipelines;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Streams;
using Virga.Streams.Lanes;
using Virga.Topics.Messages;

namespace Virga.Streams.Calls;

/// <summary>Calls the function of a stream.</summary>
/// <param name="stream">Whose function.</param>
/// <param name="functions">Where functions are found.</param>
/// <param name="invoker">Who runs them.</param>
/// <param name="random">Draws where a function's traffic is split.</param>
/// <param name="time">The clock.</param>
internal sealed class FunctionCaller(StreamFunction stream, IFunctionCatalog functions, IInvoker invoker, Random random, TimeProvider time)
{
    private const int MaxAnswer = 16 << 20;

    /// <summary>Calls it for works; gives what each led to, or why there is no answer.</summary>
    public async ValueTask<(IReadOnlyList<IReadOnlyList<StreamResult>>? Results, CallFailure? Failure)> CallAsync(IReadOnlyList<StreamWork> works, CancellationToken cancellation)
    {
        if (!FunctionReference.TryParse(stream.Spec.Function, out var reference)
            || await functions.ResolveAsync(reference.In(stream.Name.Scope), reference.Qualifier, Draw(), cancellation) is not { } version)
        {
            return (null, new CallFailure("not-found", $"There is no function '{stream.Spec.Function}'.", IsHeld: true, TimeSpan.FromSeconds(5)));
        }

        var isBatch = stream.Spec.Batch > 1 && works[0].Window is null;
        var isSingle = !isBatch && works[0].Window is null;
        var message = works[0].Messages[0].Message;
        var body = CallBody.Of(works, isBatch);
        var inline = body.Length <= Invocation.MaxInlineBody;
        var invocation = new Invocation
        {
            Id = InvocationId.New(time),
            Function = version,
            Trigger = Trigger.Topic,
            Headers = isSingle ? new MessageHeaders(message, MessageContent.TypeOf(message.Properties, message.Payload.Span)) : ListHeaders.Instance,
            Body = inline ? new ReadOnlySequence<byte>(body) : default,
            BodyStream = inline ? null : PipeReader.Create(new ReadOnlySequence<byte>(body)),
            Affinity = works[0].Key,
            ReceivedAt = time.GetTimestamp(),
        };
        await using var result = await invoker.InvokeAsync(invocation, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (result.Problem is { } problem)
        {
            return (null, FailureOf(problem));
        }

        try
        {
            var answer = await ReadAsync(result, cancellation);
            if (result.Status is < 200 or >= 300)
            {
                return (null, new CallFailure("function-error", $"The function answered with the status {result.Status}.", IsHeld: false, null));
            }

            return (isBatch ? AnswerReading.ReadBatch(answer, works.Count) : [AnswerReading.Read(answer, ContentType(result))], null);
        }
        catch (InvalidAnswerException e)
        {
            return (null, new CallFailure("invalid-answer", e.Message, IsHeld: false, null));
        }
        catch (ProblemException e)
        {
            return (null, FailureOf(e.Problem));
        }
    }

    // What never ran for want of room is no failure of the message's.
    private static CallFailure FailureOf(Problem problem) =>
        new(problem.Slug, problem.Detail ?? problem.Title, problem.Slug is "too-many-calls" or "unavailable" or "state-overloaded", problem.RetryAfter);

    private static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(InvocationResult result, CancellationToken cancellation)
    {
        if (result.BodyStream is not { } stream)
        {
            // The result's own bytes go back to a pool with it.
            return result.Body.ToArray();
        }

        var body = new ArrayBufferWriter<byte>(Invocation.MaxInlineBody);
        while (true)
        {
            var read = await stream.ReadAsync(cancellation);
            if (body.WrittenCount + read.Buffer.Length > MaxAnswer)
            {
                throw new InvalidAnswerException($"The function's answer has more than {MaxAnswer:N0} bytes.");
            }

            foreach (var segment in read.Buffer)
            {
                body.Write(segment.Span);
            }

            stream.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return body.WrittenMemory;
            }
        }
    }

    private static string ContentType(InvocationResult result)
    {
        foreach (var (name, value) in result.Headers ?? [])
        {
            if (string.Equals(name, "content-type", StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return result.Headers is null ? "application/json" : "";
    }

    private double Draw()
    {
        lock (random)
        {
            return random.NextDouble();
        }
    }
}
