using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Streams.Tests.Runs;

/// <summary>The function that streams call, here in the test.</summary>
internal sealed class ScriptedFunction : IInvoker, IFunctionCatalog
{
    /// <summary>What becomes of a call with this body.</summary>
    public Func<string, CancellationToken, Task<InvocationResult>> Handler { get; set; } = static (body, _) => Task.FromResult(Ok(body));

    /// <summary>The bodies of all calls, in the order in which they began.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public static InvocationResult Ok(string answer) => new Answered(answer);

    public static InvocationResult Failed(string message) => new Refused(KnownProblems.FunctionError("Error", message, null));

    public static InvocationResult Busy() => new Refused(KnownProblems.TooManyCalls("There is no instance.", TimeSpan.FromMilliseconds(5)));

    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation) =>
        new(new FunctionVersion { Name = name, Version = 1, Spec = new FunctionSpec { Environment = "node", Package = "none" }, BuiltPackage = "none" });

    public async ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
    {
        var body = Encoding.UTF8.GetString(invocation.Body.ToArray());
        Calls.Enqueue(body);
        return await Handler(body, cancellation);
    }

    private sealed class Answered : InvocationResult
    {
        public Answered(string answer) => (Status, Body) = (200, Encoding.UTF8.GetBytes(answer));

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Refused : InvocationResult
    {
        public Refused(Problem problem) => (Problem, Status) = (problem, problem.Status);

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
