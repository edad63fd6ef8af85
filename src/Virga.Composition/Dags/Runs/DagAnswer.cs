using System.Buffers;
using Virga.Composition.Dags.Steps;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Composition.Dags.Runs;

/// <summary>A run's output, or why there is none, as the answer to whoever called.</summary>
internal sealed class DagAnswer : InvocationResult
{
    /// <summary>The header that names the run.</summary>
    public const string RunHeader = "Virga-Dag-Run";

    private readonly StepValue? _value;

    /// <summary>An output; it becomes the answer's.</summary>
    public DagAnswer(InvocationId run, StepValue value, InvocationTiming timing)
    {
        _value = value;
        Status = 200;
        Timing = timing;
        Body = value.Body.IsSingleSegment ? value.Body.First : value.Body.ToArray();
        Headers = [KeyValuePair.Create("content-type", value.ContentType ?? MediaTypes.Json), KeyValuePair.Create(RunHeader, run.ToString())];
    }

    /// <summary>A problem.</summary>
    public DagAnswer(Problem problem, InvocationTiming timing)
    {
        Problem = problem;
        Status = problem.Status;
        Timing = timing;
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _value?.ReleaseAsync() ?? ValueTask.CompletedTask;
}
