using Virga.Core.Names;

namespace Virga.Hosting.Activity;

/// <summary>What the instances of one function version do at the moment, as far as a person wants to see it.</summary>
/// <param name="Function">Whose they are.</param>
/// <param name="Instances">Each with its state (<c>idle</c>, <c>busy</c>, <c>draining</c>, <c>freezing</c>, <c>frozen</c>), its calls and its resident memory in bytes.</param>
/// <param name="Starting">How many more are being started.</param>
/// <param name="Queued">Calls that wait for one.</param>
/// <param name="Desired">How many are wanted.</param>
/// <param name="ScaleReason">Why so many; empty when nothing has decided.</param>
/// <param name="HasSnapshot">Whether new ones are restored from a snapshot on disk.</param>
internal sealed record PoolActivity(
    FunctionName Function, IReadOnlyList<(string State, int InFlight, long Memory)> Instances, int Starting, int Queued, int Desired, string ScaleReason, bool HasSnapshot);
