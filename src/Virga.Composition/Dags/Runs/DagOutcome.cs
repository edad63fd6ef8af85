using Virga.Composition.Dags.Steps;
using Virga.Core.Problems;

namespace Virga.Composition.Dags.Runs;

/// <summary>How a run, or an attempt of it, ended: exactly one of the three is not null.</summary>
/// <param name="Value">The output; whoever gets it releases it.</param>
/// <param name="Problem">Why there is none.</param>
/// <param name="Lost">Of an attempt: why it must start again.</param>
internal readonly record struct DagOutcome(StepValue? Value, Problem? Problem, string? Lost);
