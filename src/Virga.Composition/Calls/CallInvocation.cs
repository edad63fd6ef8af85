using System.Buffers;
using System.IO.Pipelines;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.State.Lattices;

namespace Virga.Composition.Calls;

/// <summary>The invocation of a function that a function calls.</summary>
internal static class CallInvocation
{
    public static Invocation Make(
        FunctionVersion version, Payload? argument, IReadOnlyList<string> references, IInvocationSession? session, int depth, long deadline, string? traceParent, TimeProvider time)
    {
        var content = argument?.Content ?? default;
        var inline = content.Length <= Invocation.MaxInlineBody;
        return new Invocation
        {
            Id = InvocationId.New(time),
            Function = version,
            Trigger = Trigger.Call,
            Headers = argument is { } given ? ArgumentHeaders.Of(given.Tag) : null,
            Body = inline ? new ReadOnlySequence<byte>(content) : default,
            BodyStream = inline ? null : PipeReader.Create(new ReadOnlySequence<byte>(content)),
            References = references,
            Session = session,
            Depth = depth,
            Deadline = deadline,
            TraceParent = traceParent,
            ReceivedAt = time.GetTimestamp(),
        };
    }
}
