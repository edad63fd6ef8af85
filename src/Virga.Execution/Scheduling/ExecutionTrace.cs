using System.Diagnostics;
using Virga.Core.Invocations;
using Virga.Core.Resources;

namespace Virga.Execution.Scheduling;

/// <summary>Spans of execution. Nothing of this runs unless somebody listens.</summary>
internal static class ExecutionTrace
{
    private static readonly ActivitySource Source = new("Virga.Execution");

    public static bool IsOn => Source.HasListeners();

    /// <summary>A span around one invocation, up to the head of its answer; the function sees it as its parent.</summary>
    public static async ValueTask<InvocationResult> InvokeAsync(Scheduler scheduler, Invocation invocation, CancellationToken cancellation)
    {
        var parent = ActivityContext.TryParse(invocation.TraceParent, null, isRemote: false, out var outer) ? outer : default;
        using var span = Source.StartActivity($"execute {invocation.Function.Name.Name}", ActivityKind.Internal, parent);
        if (span is not null)
        {
            invocation.TraceParent = span.Id;
            span.SetTag("virga.function", invocation.Function.ToString());
            span.SetTag("virga.invocation", invocation.Id.ToString());
        }

        var result = await scheduler.InvokeUntracedAsync(invocation, cancellation);
        if (span is not null)
        {
            span.SetTag("virga.cold", result.Timing.Cold);
            if (result.Problem is { } problem)
            {
                span.SetStatus(ActivityStatusCode.Error, problem.Type);
            }
        }

        return result;
    }

    /// <summary>A span around the start and specialising of an instance.</summary>
    public static Activity? StartInstance(FunctionVersion function) =>
        IsOn ? Source.StartActivity($"start instance of {function.Name.Name}") : null;
}
