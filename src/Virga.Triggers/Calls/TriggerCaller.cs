using System.Globalization;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Topics.Messages;
using Virga.Triggers.Dispatching;

namespace Virga.Triggers.Calls;

/// <summary>Calls the function of one trigger.</summary>
internal sealed class TriggerCaller(TriggerDefinition trigger, IFunctionCatalog functions, IInvoker invoker, Random random, TimeProvider time)
{
    private const int FirstFailure = 400;

    private readonly FunctionReference _function = FunctionReference.TryParse(trigger.Spec.Function, out var function) ? function : throw new ArgumentException($"'{trigger.Spec.Function}' is no function.", nameof(trigger));

    // Guards the generator; held for a few instructions.
    private readonly Lock _gate = new();

    private TriggerSpec Spec => trigger.Spec;

    private bool IsBatch => Spec.Batch.MaxMessages > 1;

    /// <summary>The version that is called now; null when there is none.</summary>
    public ValueTask<FunctionVersion?> ResolveAsync(CancellationToken cancellation)
    {
        double draw;
        lock (_gate)
        {
            draw = random.NextDouble();
        }

        return functions.ResolveAsync(_function.In(trigger.Name.Scope), _function.Qualifier, draw, cancellation);
    }

    /// <summary>Calls a version with messages. Failures are outcomes.</summary>
    public async Task<CallOutcome> CallAsync(FunctionVersion version, List<HeldMessage> messages, CancellationToken cancellation)
    {
        try
        {
            var invocation = CallInput.Make(version, messages, IsBatch, Spec.AckTimeout?.Span, time);
            await using var result = await invoker.InvokeAsync(invocation, cancellation);
            if (result.Problem is { } problem)
            {
                return WasRun(problem, result.Timing) ? new CallOutcome.Failed(problem) : new CallOutcome.Refused(problem);
            }

            var hasFailed = result.Status >= FirstFailure;
            var answer = await CallAnswer.ReadAsync(result, isWanted: hasFailed || IsBatch || Spec.Output is not null, cancellation);
            return hasFailed ? new CallOutcome.Failed(Failure(result.Status, answer)) : Read(messages, answer);
        }
        catch (ProblemException e)
        {
            // The function has failed after the head of its answer.
            return new CallOutcome.Failed(e.Problem);
        }
    }

    private CallOutcome Read(List<HeldMessage> messages, CallAnswer answer)
    {
        if (IsBatch)
        {
            return BatchAnswer.Read(messages, answer, Spec.Output is not null);
        }

        var isNothing = answer.Body.IsEmpty || (MessageContent.IsJsonType(answer.ContentType) && answer.Body.Span.Trim((byte)' ').SequenceEqual("null"u8));
        return new CallOutcome.Answered(null, Spec.Output is null || isNothing ? null : [new OutputMessage(answer.Body, answer.ContentType, messages[0].Message.Key)]);
    }

    // What is the platform's fault, or waited for a place until its time was over, says nothing of the messages.
    private static bool WasRun(Problem problem, InvocationTiming timing) =>
        problem.Fault != Fault.Platform && problem.Slug is not ("too-many-calls" or "client-gone") && !(problem.Slug == "timeout" && timing.Run == TimeSpan.Zero);

    private static Problem Failure(int status, CallAnswer answer)
    {
        const int MostShown = 300;
        var said = MessageContent.Guess(answer.Body.Span) == MessageContent.Bytes ? "" : System.Text.Encoding.UTF8.GetString(answer.Body.Span[..Math.Min(MostShown, answer.Body.Length)]);
        return KnownProblems.FunctionError("answer", string.Create(CultureInfo.InvariantCulture, $"The function answered {status}{(said.Length == 0 ? "" : ": ")}{said}"), null);
    }
}
