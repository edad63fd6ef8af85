using System.Buffers;
using System.Globalization;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State;
using Virga.State.Binary;
using Virga.State.Sessions;

namespace Virga.Composition.Calls;

/// <summary>Calls of functions on other nodes, in the caller's session, and those that come from there.</summary>
internal sealed class RemoteCalls(IInvoker invoker, IFunctionCatalog catalog, StateEngine engine, INodeLink link, TimeProvider time)
{
    /// <summary>Begins to take calls from other nodes.</summary>
    public void Listen() => link.Handle(NodeTopic.FunctionCall, ServeAsync);

    /// <summary>Has another node make a call, and writes its answer.</summary>
    /// <param name="node">The other node.</param>
    /// <param name="call">The call as it would be made here.</param>
    /// <param name="request">What the caller asked for.</param>
    /// <param name="answer">Takes the answer.</param>
    /// <param name="cancellation">Ends the call there as well.</param>
    /// <returns>False when nothing was called there, so that it can be called here.</returns>
    /// <exception cref="ProblemException">What went wrong there; <c>call-lost</c> when that is not known.</exception>
    public async ValueTask<bool> TryCallAsync(NodeName node, Invocation call, CallRequest request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        var session = call.Session as StateSession;
        var message = new CallMessage(
            call.Function.Name, call.Function.Version, call.Depth, Remaining(call.Deadline), call.TraceParent, request.Argument, request.References, session is null ? default : engine.Export(session));
        RemoteAnswer given;
        try
        {
            given = RemoteAnswer.Read(await link.AskAsync(node, NodeTopic.FunctionCall, message.Write(), cancellation));
        }
        catch (NodeUnreachableException e) when (e.IsUnsent)
        {
            return false;
        }
        catch (Exception e) when (e is NodeUnreachableException or StateEncodingException)
        {
            // It may have run: only the caller knows whether it may run again.
            throw new ProblemException(KnownProblems.CallLost($"'{call.Function.Name.Name}' was called on the node '{node}', and no answer came: {e.Message}"), e);
        }

        if (session is not null)
        {
            if (!given.Session.IsEmpty)
            {
                engine.Absorb(session, engine.Import(ScopeOf(call.Function.Name), given.Session.Span));
            }

            if (given.IsSessionLost)
            {
                session.MarkLost();
            }
        }

        if (given.Problem is { } problem)
        {
            throw new ProblemException(problem);
        }

        answer.Write(given.Answer.Span);
        return given.Kind == RemoteAnswerKind.Answered;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ServeAsync(NodeName from, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var message = CallMessage.Read(body.Span);

        // A new version may not have come here yet: the caller's node has it.
        return await catalog.ResolveAsync(message.Function, message.Version.ToString(CultureInfo.InvariantCulture), 0, cancellation) is { } version
            ? (await CallAsync(message, version, cancellation)).Write()
            : RemoteAnswer.NotHere.Write();
    }

    private async ValueTask<RemoteAnswer> CallAsync(CallMessage message, FunctionVersion version, CancellationToken cancellation)
    {
        var now = time.GetTimestamp();
        var session = message.Session.IsEmpty ? null : engine.Import(ScopeOf(message.Function), message.Session.Span);
        var invocation = CallInvocation.Make(version, message.Argument, message.References, session, message.Depth, Deadline(message.Remaining, now), message.TraceParent, time);
        var answer = new ArrayBufferWriter<byte>();
        Problem? problem = null;
        try
        {
            await using var result = await invoker.InvokeAsync(invocation, cancellation);
            await CallAnswer.WriteAsync(result, answer, cancellation);
        }
        catch (ProblemException e)
        {
            problem = e.Problem;
        }

        return new RemoteAnswer(
            problem is null ? RemoteAnswerKind.Answered : RemoteAnswerKind.Failed,
            session is { IsLost: true },
            session is null ? default : engine.Export(session),
            problem,
            problem is null ? answer.WrittenMemory : default);
    }

    private static Scope ScopeOf(FunctionName function) => new(function.Tenant, function.Namespace);

    private TimeSpan? Remaining(long deadline) => deadline == long.MaxValue ? null : time.GetElapsedTime(time.GetTimestamp(), deadline);

    private long Deadline(TimeSpan? remaining, long now) => remaining is { } left ? now + (long)(left.TotalSeconds * time.TimestampFrequency) : long.MaxValue;
}
