using System.Buffers;
using System.IO.Pipelines;
using Virga.Composition.Platform;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Binary;

namespace Virga.Composition.Calls;

/// <summary>Calls of functions by functions: within one namespace, in the caller's session, not longer than the caller has, and not without end.</summary>
internal sealed class FunctionCalls(IInvoker invoker, IFunctionCatalog catalog, Random random, TimeProvider time) : IAsyncDisposable
{
    /// <summary>How many calls may lead to one another.</summary>
    public const int MaxDepth = 16;

    /// <summary>The greatest answer that a caller gets, in bytes.</summary>
    public const int MaxAnswer = 16 << 20;

    private const int MaxNameLength = 200;

    // Guards the set and the generator; held for a few instructions.
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _detached = [];
    private readonly DetachedLoad _load = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Calls a function and writes what it answers.</summary>
    /// <exception cref="ProblemException">There is no such function, or it failed.</exception>
    /// <exception cref="StateEncodingException">The request cannot be read.</exception>
    public async ValueTask AnswerAsync(Invocation caller, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        var call = CallRequest.Read(request.Span);
        var version = await ResolveAsync(caller, call.Function, call.Detached ? _stopping.Token : cancellation);
        if (caller.Depth >= MaxDepth)
        {
            throw new ProblemException(KnownProblems.CallTooDeep($"'{caller.Function.Name}' was called by {caller.Depth} functions in a row and calls '{call.Function}'; {MaxDepth} are allowed."));
        }

        var invocation = Make(caller, version, call);
        if (!call.Detached)
        {
            await using var result = await invoker.InvokeAsync(invocation, cancellation);
            await WriteAsync(result, answer, cancellation);
            return;
        }

        var scope = new Scope(caller.Function.Name.Tenant, caller.Function.Name.Namespace);
        var bytes = call.Argument?.Bytes.Length ?? 0;
        if (!_load.TryAdd(scope, bytes))
        {
            throw new ProblemException(KnownProblems.TooManyCalls(
                $"Calls of '{scope}' that go on without their callers have arguments of {DetachedLoad.MaxOfOne >> 20} MiB, or those of all namespaces {DetachedLoad.Max >> 20} MiB.", TimeSpan.FromSeconds(1)));
        }

        // The call has its own life: it ends with the node at the latest, and only the wait for it with its caller.
        var running = RunAsync(invocation, scope, bytes);
        lock (_gate)
        {
            _detached.Add(running);
        }

        _ = running.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var written = await running.WaitAsync(cancellation);
        answer.Write(written.WrittenSpan);
    }

    /// <summary>Waits for calls that go on without their callers.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] left;
        lock (_gate)
        {
            left = [.. _detached];
        }

        await Task.WhenAll(left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task<ArrayBufferWriter<byte>> RunAsync(Invocation invocation, Scope scope, int bytes)
    {
        try
        {
            var answer = new ArrayBufferWriter<byte>();
            await using var result = await invoker.InvokeAsync(invocation, _stopping.Token);
            try
            {
                await WriteAsync(result, answer, _stopping.Token);
            }
            catch (ProblemException e)
            {
                answer.ResetWrittenCount();
                answer.WriteProblem(e.Problem);
            }

            return answer;
        }
        finally
        {
            _load.Remove(scope, bytes);
        }
    }

    private void Forget(Task done)
    {
        lock (_gate)
        {
            _detached.Remove(done);
        }
    }

    private async ValueTask<FunctionVersion> ResolveAsync(Invocation caller, string text, CancellationToken cancellation)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        if (text.Length > MaxNameLength || !ResourceName.TryParse(name, out var resource))
        {
            throw new ProblemException(KnownProblems.InvalidName($"'{ResourceName.Shorten(text)}' is no name of a function."));
        }

        double draw;
        lock (_gate)
        {
            draw = random.NextDouble();
        }

        var function = caller.Function.Name with { Name = resource };
        return await catalog.ResolveAsync(function, colon < 0 ? null : text[(colon + 1)..], draw, cancellation)
            ?? throw new ProblemException(KnownProblems.NotFound($"There is no function '{ResourceName.Shorten(text)}' in '{function.Tenant}/{function.Namespace}'.", "See `virga fn list`; functions call those of their own namespace."));
    }

    private Invocation Make(Invocation caller, FunctionVersion version, CallRequest call)
    {
        var content = call.Argument?.Content ?? default;
        var inline = content.Length <= Invocation.MaxInlineBody;
        return new Invocation
        {
            Id = InvocationId.New(time),
            Function = version,
            Trigger = Trigger.Call,
            Headers = call.Argument is { } argument ? ArgumentHeaders.Of(argument.Tag) : null,
            Body = inline ? new ReadOnlySequence<byte>(content) : default,
            BodyStream = inline ? null : PipeReader.Create(new ReadOnlySequence<byte>(content)),
            References = call.References,
            Session = caller.Session,
            Depth = caller.Depth + 1,
            Deadline = call.Detached ? long.MaxValue : caller.Deadline,
            TraceParent = caller.TraceParent,
            ReceivedAt = time.GetTimestamp(),
        };
    }

    private static async ValueTask WriteAsync(InvocationResult result, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        if (result.Problem is { } problem)
        {
            throw new ProblemException(problem);
        }

        if (result.BodyStream is not { } stream)
        {
            WriteHead(result, answer, result.Body.Length);
            answer.Write(result.Body.Span);
            return;
        }

        // Its length stands before it, and is not known before its end.
        var body = new ArrayBufferWriter<byte>(Invocation.MaxInlineBody);
        while (true)
        {
            var read = await stream.ReadAsync(cancellation);
            if (body.WrittenCount + read.Buffer.Length > MaxAnswer)
            {
                throw new ProblemException(KnownProblems.RequestTooLarge($"The called function's answer has more than {MaxAnswer:N0} bytes."));
            }

            foreach (var segment in read.Buffer)
            {
                body.Write(segment.Span);
            }

            stream.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                WriteHead(result, answer, body.WrittenCount);
                answer.Write(body.WrittenSpan);
                return;
            }
        }
    }

    private static void WriteHead(InvocationResult result, IBufferWriter<byte> answer, int length)
    {
        answer.WriteOk();
        answer.WriteVarint((ulong)result.Status);
        answer.WriteText(ContentType(result.Headers));
        answer.WriteVarint((ulong)length);
    }

    private static string ContentType(IReadOnlyList<KeyValuePair<string, string>>? headers)
    {
        if (headers is null)
        {
            return "application/json";
        }

        foreach (var (name, value) in headers)
        {
            if (string.Equals(name, "content-type", StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return "";
    }
}
