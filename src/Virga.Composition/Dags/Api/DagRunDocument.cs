using System.Text.Json;
using System.Text.Json.Serialization;
using Virga.Composition.Dags.Accepted;
using Virga.Composition.Dags.Runs;
using Virga.Core.Problems;

namespace Virga.Composition.Dags.Api;

/// <summary>A run as the API shows it.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Dag">What ran.</param>
/// <param name="Version">Which version of it.</param>
/// <param name="Status">How far it is.</param>
/// <param name="IsAsync">Whether nobody waited for its output.</param>
/// <param name="Attempt">How often it has begun.</param>
/// <param name="Node">Where it began.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="DurationMs">How long it took, or has taken so far, in milliseconds.</param>
/// <param name="Problem">Why it failed; null when it did not.</param>
/// <param name="Steps">Its steps, in the order of the spec; of the last attempt.</param>
public sealed record DagRunDocument(
    string Id,
    string Dag,
    long Version,
    RunStatus Status,
    [property: JsonPropertyName("async")] bool IsAsync,
    int Attempt,
    string? Node,
    DateTimeOffset StartedAt,
    double DurationMs,
    JsonElement? Problem,
    IReadOnlyList<DagStepDocument> Steps)
{
    internal static DagRunDocument Of(DagRun run, string node)
    {
        var steps = run.Steps;
        var documents = new DagStepDocument[steps.Length];
        for (var i = 0; i < steps.Length; i++)
        {
            var (step, definition) = (steps[i], run.Dag.Graph.Steps[i].Node);
            var began = step.Status is not (StepStatus.Waiting or StepStatus.Skipped);
            documents[i] = new DagStepDocument(
                definition.Name,
                definition.Function,
                step.Status,
                began ? step.Node.Value : null,
                step.Tries,
                step.Cold,
                began ? Milliseconds(step.Start) : null,
                step.Status is StepStatus.Succeeded or StepStatus.Failed ? Milliseconds(step.Duration) : null);
        }

        return new DagRunDocument(
            run.Id.ToString(), run.Dag.Name.Name.Value, run.Dag.Version, run.Status, run.IsAsync, run.Attempts, node, run.StartedAt, Milliseconds(run.Duration), Json(run.Problem), documents);
    }

    /// <summary>A run that was accepted, as far as that alone says of it.</summary>
    internal static DagRunDocument Of(AcceptedRun run, string? node, RunStatus status, Problem? problem) => new(
        run.Id.ToString(), run.Dag.Name.Value, 0, status, true, run.Begun, node, DateTimeOffset.FromUnixTimeMilliseconds(run.AcceptedAt), 0, Json(problem), []);

    private static JsonElement? Json(Problem? problem)
    {
        if (problem is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(ProblemJson.Format(problem));
        return document.RootElement.Clone();
    }

    private static double Milliseconds(TimeSpan span) => Math.Round(span.TotalMilliseconds, 3);
}
