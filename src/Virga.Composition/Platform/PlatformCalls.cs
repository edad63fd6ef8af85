using System.Buffers;
using Virga.Composition.Calls;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Binary;

namespace Virga.Composition.Platform;

/// <summary>Answers what functions ask of the platform: each request goes to the part of the node that it is about.</summary>
public sealed class PlatformCalls : IPlatformCalls, IAsyncDisposable
{
    private readonly FunctionCalls _calls;

    /// <param name="invoker">Runs the functions that functions call.</param>
    /// <param name="catalog">Finds them.</param>
    /// <param name="random">Decides where traffic is split.</param>
    /// <param name="time">The clock.</param>
    public PlatformCalls(IInvoker invoker, IFunctionCatalog catalog, Random random, TimeProvider time) => _calls = new FunctionCalls(invoker, catalog, random, time);

    /// <inheritdoc/>
    public bool TryAnswer(Invocation call, ReadOnlySpan<byte> request, IBufferWriter<byte> answer) => false;

    /// <inheritdoc/>
    public async ValueTask AnswerAsync(Invocation call, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        try
        {
            switch (request.IsEmpty ? default : (RequestKind)request.Span[0])
            {
                case RequestKind.Call:
                    await _calls.AnswerAsync(call, request[1..], answer, cancellation);
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
        // Nothing is kept of a call that asks for nothing.
    }

    /// <inheritdoc/>
    public void CallEnded(Invocation call)
    {
        // As above.
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _calls.DisposeAsync();
}
