using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Sessions;

namespace Virga.Composition.Dags.Runs;

/// <content>Running one step.</content>
internal sealed partial class DagAttempt
{
    private const int MaxShownBody = 200;
    private const ulong AllFired = ulong.MaxValue;

    // The continuations run on the thread on which the function's answer arrived, so that the next step's call leaves without another hop.
    private async Task RunAsync(DagStep step, StepValue? input, StepValue?[]? inputs, StateSession? session)
    {
        var began = _services.Time.GetTimestamp();
        StepValue? output = null;
        Problem? failure = null;
        InvocationTiming timing = default;
        var tries = 0;
        InvocationId? called = null;
        try
        {
            if (step.TakesObject)
            {
                // The inputs go into the object, and are released after it.
                inputs ??= [input];
                input = null;
                input = StepObject.Of(step, inputs);
            }

            if (step.When is { } when && !Holds(when, input!, $"the input of '{step.Name}'"))
            {
                Skip(step, session);
                return;
            }

            _owner.StepBegan(this, step.Index);
            while (true)
            {
                tries++;
                var function = await ResolveAsync(step);
                var invocation = MakeInvocation(step, function, input!, session, tries);
                called = invocation.Id;
                var result = await _services.Invoker.InvokeAsync(invocation, _cancel.Token);
                timing = result.Timing;
                if (session is { IsLost: true })
                {
                    await result.DisposeAsync();
                    _owner.Lost(this, $"a version that the session had read is gone (at the step '{step.Name}')");
                    return;
                }

                if (result.Problem is null && result.Status is >= 200 and < 300)
                {
                    output = await TakeAsync(result, input!);
                    break;
                }

                var problem = result.Problem ?? Refusal(result);
                await result.DisposeAsync();
                var pause = Pause(problem, tries);
                if (tries > step.Node.Retries || !MayPass(problem) || pause >= Remaining)
                {
                    failure = Failure(step, problem, called);
                    break;
                }

                await Task.Delay(pause, _services.Time, _cancel.Token);
            }
        }
        catch (ProblemException refused)
        {
            failure = Failure(step, refused.Problem, called);
        }
        catch (OperationCanceledException) when (_cancel.IsCancellationRequested)
        {
            // Whoever cancelled knows why.
            return;
        }
        finally
        {
            if (input is not null)
            {
                await input.ReleaseAsync();
            }

            DropAll(inputs);
            if (output is null && failure is null)
            {
                Unhold();
            }
        }

        try
        {
            var report = new StepReport(step.Index, _services.Self, failure is null ? StepStatus.Succeeded : StepStatus.Failed, tries, _services.Time.GetElapsedTime(began), timing, 0);
            Finish(step, output, failure, report, session);
        }
        finally
        {
            Unhold();
        }
    }

    private void Finish(DagStep step, StepValue? output, Problem? failure, StepReport report, StateSession? session)
    {
        var fired = AllFired;
        if (failure is null)
        {
            try
            {
                fired = Fired(step, output!);
            }
            catch (ProblemException refused)
            {
                Drop(output);
                failure = Failure(step, refused.Problem);
            }
        }

        if (failure is not null)
        {
            _owner.StepEnded(this, report with { Status = StepStatus.Failed });
            _owner.Failed(this, failure);
            return;
        }

        _owner.StepEnded(this, report with { Fired = fired });
        if (step.IsSink)
        {
            _owner.SinkEnded(this, step, output, session);
            return;
        }

        for (var i = 0; i < step.Next.Count; i++)
        {
            var link = step.Next[i];
            Send(Graph.Steps[link.To], link.Input, IsFired(fired, i, link, output!) ? output!.Retain() : null, session);
        }

        Drop(output);
    }

    private static ulong Fired(DagStep step, StepValue output)
    {
        var fired = AllFired;
        for (var i = 0; i < step.Next.Count; i++)
        {
            if (step.Next[i].When is { } when && !Holds(when, output, $"the result of '{step.Name}'") && i < 64)
            {
                fired &= ~(1UL << i);
            }
        }

        return fired;
    }

    // Conditions beyond the bits of a report are asked once more; that they can be was found out before.
    private static bool IsFired(ulong fired, int index, DagLink link, StepValue output) =>
        index < 64 ? (fired >> index & 1) != 0 : link.When is null || Holds(link.When, output, "");

    private static bool Holds(DagCondition when, StepValue value, string what)
    {
        if (!value.IsJson)
        {
            throw new ProblemException(KnownProblems.InvalidBody($"{what} is {value.ContentType}, and conditions are asked of JSON."));
        }

        try
        {
            return when.Holds(value.Body.IsSingleSegment ? value.Body.FirstSpan : value.Body.ToArray());
        }
        catch (JsonException malformed)
        {
            throw new ProblemException(KnownProblems.InvalidBody($"{what} is no JSON: {malformed.Message}"), malformed);
        }
    }

    private async ValueTask<FunctionVersion> ResolveAsync(DagStep step)
    {
        var name = new FunctionName(Dag.Name.Scope.Tenant, Dag.Name.Scope.Namespace, step.Function);
        return await _services.Functions.ResolveAsync(name, step.Qualifier, TrafficDraw.Of(Run, step.Index), _cancel.Token)
            ?? throw new ProblemException(KnownProblems.NotFound($"There is no function '{step.Node.Function}'.", "Deploy the function again, or change the DAG."));
    }

    private Invocation MakeInvocation(DagStep step, FunctionVersion function, StepValue input, StateSession? session, int tries)
    {
        var now = _services.Time.GetTimestamp();
        var deadline = step.Node.Timeout is { } timeout ? Math.Min(Deadline, now + (long)(timeout.Span.TotalSeconds * _services.Time.TimestampFrequency)) : Deadline;
        var isInline = input.Body.Length <= Invocation.MaxInlineBody;
        return new Invocation
        {
            Id = InvocationId.New(_services.Time),
            Function = function,
            Trigger = Trigger.Dag,
            Headers = ContentTypeHeader.Of(input.ContentType),
            Body = isInline ? input.Body : default,
            BodyStream = isInline ? null : PipeReader.Create(input.Body),
            TraceParent = TraceParent,
            Attempt = tries,
            References = step.References,
            Session = session,
            Deadline = deadline,
            ReceivedAt = now,
        };
    }

    // The answer stays in its own buffer. Only where the input was streamed, of which the answer still holds a part, it is copied out.
    private async ValueTask<StepValue> TakeAsync(InvocationResult result, StepValue input)
    {
        if (result.BodyStream is null && input.Body.Length <= Invocation.MaxInlineBody)
        {
            return StepValue.Of(result);
        }

        try
        {
            return result.BodyStream is { } stream
                ? await StepValue.ReadAsync(stream, MediaTypes.Of(result.Headers), _cancel.Token)
                : StepValue.Copied(new ReadOnlySequence<byte>(result.Body), MediaTypes.Of(result.Headers));
        }
        finally
        {
            await result.DisposeAsync();
        }
    }

    private static Problem Refusal(InvocationResult result)
    {
        var body = Encoding.UTF8.GetString(result.Body.Span[..Math.Min(MaxShownBody, result.Body.Length)]);
        return KnownProblems.FunctionError("Status", $"It answered with status {result.Status}{(body.Length == 0 ? "" : ": " + body)}", null) with
        {
            // Its fault as by HTTP: what the input did wrong is not mended by another try.
            Fault = result.Status is >= 400 and < 500 ? Fault.Client : Fault.Function,
            Status = result.Status >= 400 ? result.Status : 500,
        };
    }

    private Problem Failure(DagStep step, Problem cause, InvocationId? called = null) => KnownProblems.DagStepFailed(
        step.Name,
        step.Node.Function,
        cause.Status == 499 && IsOutOfTime ? KnownProblems.Timeout($"The run's time of {Dag.Spec.Timeout} was over.") : cause,
        called?.ToString());

    // What a client did wrong it does wrong again.
    private static bool MayPass(Problem problem) => problem.Fault != Fault.Client;

    private static TimeSpan Pause(Problem problem, int tries)
    {
        var pause = TimeSpan.FromMilliseconds(Math.Min(10_000, 100 * Math.Pow(2, Math.Min(tries - 1, 10))));
        return problem.RetryAfter > pause ? problem.RetryAfter.Value : pause;
    }

    private void OnFault(Exception exception)
    {
        DagLog.Fault(_services.Logger, Run.ToString(), exception);
        _owner.Failed(this, KnownProblems.Internal($"The run '{Run}' of the DAG '{Dag.Name.Name}' failed in Virga itself."));
    }
}
