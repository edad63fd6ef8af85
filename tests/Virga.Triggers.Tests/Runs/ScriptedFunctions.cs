using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Triggers.Tests.Runs;

/// <summary>The functions that triggers call, here in the test.</summary>
internal sealed class ScriptedFunctions : IInvoker, IFunctionCatalog
{
    /// <summary>What becomes of each call.</summary>
    public Func<ScriptedCall, CancellationToken, Task<InvocationResult>> Handler { get; set; } = static (_, _) => Task.FromResult(Ok("null"));

    /// <summary>Whether there is the function.</summary>
    public bool Exists { get; set; } = true;

    /// <summary>Why the function cannot be looked up now; null where it can.</summary>
    public Exception? Unreadable { get; set; }

    /// <summary>Calls that one instance serves at a time, times instances: what a trigger without a bound of its own goes by.</summary>
    public int Places { get; set; } = 16;

    /// <summary>Every call, in the order in which they began.</summary>
    public ConcurrentQueue<ScriptedCall> Calls { get; } = new();

    public static InvocationResult Ok(string json) => new Answered(200, Encoding.UTF8.GetBytes(json));

    public static InvocationResult Status(int status, string body) => new Answered(status, Encoding.UTF8.GetBytes(body));

    public static InvocationResult Failed(string message) => new Refusal(KnownProblems.FunctionError("Error", message, null), ran: true);

    public static InvocationResult Refused(Problem problem) => new Refusal(problem, ran: false);

    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation) => Unreadable is { } failure ? throw failure : new(Exists
        ? new FunctionVersion
        {
            Name = name,
            Version = 1,
            Spec = new FunctionSpec { Environment = "node", Package = "none", Concurrency = 1, MaxInstances = Places },
            BuiltPackage = "none",
        }
        : null);

    public async ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
    {
        var call = await ScriptedCall.ReadAsync(invocation, cancellation);
        Calls.Enqueue(call);
        return await Handler(call, cancellation);
    }

    private sealed class Answered : InvocationResult
    {
        public Answered(int status, byte[] body) => (Status, Body) = (status, body);

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Refusal : InvocationResult
    {
        public Refusal(Problem problem, bool ran)
        {
            (Problem, Status) = (problem, problem.Status);
            Timing = new InvocationTiming(StartKind.Warm, TimeSpan.Zero, TimeSpan.Zero, ran ? TimeSpan.FromMilliseconds(1) : TimeSpan.Zero);
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>A call as its function sees it.</summary>
internal sealed record ScriptedCall(Invocation Invocation, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public int Attempt => Invocation.Attempt;

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public static async Task<ScriptedCall> ReadAsync(Invocation invocation, CancellationToken cancellation)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartArray();
            invocation.Headers?.WriteHeaders(writer);
            writer.WriteEndArray();
        }

        using var parsed = JsonDocument.Parse(output.WrittenMemory);
        var headers = parsed.RootElement.EnumerateArray().ToDictionary(static pair => pair[0].GetString()!, static pair => pair[1].GetString()!, StringComparer.Ordinal);
        var body = invocation.Body;
        if (invocation.BodyStream is { } stream)
        {
            while (await stream.ReadAsync(cancellation) is var read)
            {
                if (read.IsCompleted)
                {
                    body = read.Buffer;
                    break;
                }

                stream.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }

        return new ScriptedCall(invocation, headers, Encoding.UTF8.GetString(body.ToArray()));
    }
}
