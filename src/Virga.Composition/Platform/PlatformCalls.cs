using System.Buffers;
using Virga.Composition.Calls;
using Virga.Composition.Messages;
using Virga.Composition.Placement;
using Virga.Composition.Publishing;
using Virga.Composition.States;
using Virga.Core.Invocations;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Topics;
using Virga.State;
using Virga.State.Binary;
using Virga.State.Sessions;

namespace Virga.Composition.Platform;

/// <summary>Answers what functions ask of the platform: each request goes to the part of the node that it is about.</summary>
public sealed class PlatformCalls : IPlatformCalls, IAsyncDisposable
{
    private readonly StateEngine _engine;
    private readonly StateCommands _state;
    private readonly FunctionCalls _calls;
    private readonly Mailboxes _mailboxes;
    private readonly MessagePublishing _publishing;

    /// <param name="engine">Shared state.</param>
    /// <param name="invoker">Runs the functions that functions call.</param>
    /// <param name="catalog">Finds them.</param>
    /// <param name="link">The other nodes, for functions there, and messages to them.</param>
    /// <param name="rules">What the choice of a node for a call by keys rests on.</param>
    /// <param name="topics">Publishes what they publish.</param>
    /// <param name="random">Decides where traffic is split.</param>
    /// <param name="time">The clock.</param>
    public PlatformCalls(StateEngine engine, IInvoker invoker, IFunctionCatalog catalog, INodeLink link, PlacementRules rules, ITopicPublishing topics, Random random, TimeProvider time)
    {
        _engine = engine;
        _state = new StateCommands(engine);
        var remote = new RemoteCalls(invoker, catalog, engine, link, time);
        remote.Listen();
        _calls = new FunctionCalls(invoker, catalog, new CallPlacement(engine, link, rules), remote, random, time);
        _mailboxes = new Mailboxes(engine.Replica, link, time);
        _publishing = new MessagePublishing(topics);
    }

    /// <inheritdoc/>
    public bool TryAnswer(Invocation call, ReadOnlySpan<byte> request, IBufferWriter<byte> answer)
    {
        try
        {
            return request.Length > 1 && (RequestKind)request[0] == RequestKind.State && _state.TryAnswer(call, request[1..], answer);
        }
        catch (StateEncodingException)
        {
            // Rare, and told with all others.
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask AnswerAsync(Invocation call, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        try
        {
            switch (request.IsEmpty ? default : (RequestKind)request.Span[0])
            {
                case RequestKind.State:
                    await _state.AnswerAsync(call, request[1..], answer, cancellation);
                    break;
                case RequestKind.Call:
                    await _calls.AnswerAsync(call, request[1..], answer, cancellation);
                    break;
                case RequestKind.Send:
                    await _mailboxes.SendAsync(call, request[1..], answer, cancellation);
                    break;
                case RequestKind.Receive:
                    await _mailboxes.ReceiveAsync(call, request[1..], answer, cancellation);
                    break;
                case RequestKind.Publish:
                    await _publishing.AnswerAsync(call, request[1..], answer, cancellation);
                    break;
                default:
                    throw new ProblemException(KnownProblems.InvalidRequest("The function's request begins with no kind that this node knows.", "Use a runtime that fits this version of Virga."));
            }
        }
        catch (StateEncodingException e)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The function's request cannot be read: {e.Message}", "Use a runtime that fits this version of Virga."));
        }
    }

    /// <inheritdoc/>
    public void CallStarted(Invocation call)
    {
        var begins = call.Session is null && call.Function.Spec.Consistency != Consistency.Lww;
        if (begins)
        {
            call.Session = _engine.Begin(call.Function.Spec.Consistency);
        }

        _mailboxes.Add(call, begins);
    }

    /// <inheritdoc/>
    public void CallEnded(Invocation call)
    {
        if (_mailboxes.Remove(call) is { OwnsSession: true } && call.Session is StateSession session)
        {
            call.Session = null;
            _engine.End(session);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _calls.DisposeAsync();
}
