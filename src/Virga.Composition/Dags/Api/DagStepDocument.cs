using Virga.Composition.Dags.Runs;

namespace Virga.Composition.Dags.Api;

/// <summary>One step of a run as the API shows it.</summary>
/// <param name="Name">The step.</param>
/// <param name="Function">What it calls.</param>
/// <param name="Status">How far it is.</param>
/// <param name="Node">Where it ran; null when it did not.</param>
/// <param name="Attempts">How often its function was called.</param>
/// <param name="Cold">Whether an instance was made for its last call.</param>
/// <param name="StartMs">When it began, in milliseconds from the run's beginning; null when it did not.</param>
/// <param name="DurationMs">How long it took, in milliseconds; null when it has not ended.</param>
public sealed record DagStepDocument(string Name, string Function, StepStatus Status, string? Node, int Attempts, bool Cold, double? StartMs, double? DurationMs);
