using System.Diagnostics;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Invocations;

namespace Virga.Composition.Dags;

/// <summary>Spans of runs. Nothing of this runs unless somebody listens.</summary>
internal static class DagTrace
{
    private static readonly ActivitySource Source = new("Virga.Composition");

    public static bool IsOn => Source.HasListeners();

    /// <summary>A span around one run; those of its steps' executions are within it.</summary>
    public static async ValueTask<InvocationResult> RunAsync(DagEngine engine, Dag dag, DagCall call, StepValue input, CancellationToken cancellation)
    {
        var parent = ActivityContext.TryParse(call.TraceParent, null, isRemote: false, out var outer) ? outer : default;
        using var span = Source.StartActivity($"run {dag.Name.Name}", ActivityKind.Internal, parent);
        span?.SetTag("virga.dag", dag.Name.ToString());
        span?.SetTag("virga.dag.run", call.Id.ToString());
        var result = await engine.RunAsync(dag, call, input, span?.Id ?? call.TraceParent, cancellation);
        if (result.Problem is { } problem)
        {
            span?.SetStatus(ActivityStatusCode.Error, problem.Type);
        }

        return result;
    }
}
