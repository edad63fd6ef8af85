using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Problems;
using Virga.State.Sessions;

namespace Virga.Composition.Dags.Runs;

/// <summary>Hears what becomes of an attempt on a node: the run itself, or the way to the node where it began. All calls return at once.</summary>
internal interface IAttemptOwner
{
    /// <summary>A step's function is about to be called, here or on another node.</summary>
    void StepBegan(DagAttempt attempt, int step);

    /// <summary>A step has ended, and its result goes on.</summary>
    void StepEnded(DagAttempt attempt, in StepReport report);

    /// <summary>A step that nothing follows has ended.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="sink">The step.</param>
    /// <param name="value">Its result, which becomes the owner's; null when it was skipped.</param>
    /// <param name="session">What it has seen.</param>
    void SinkEnded(DagAttempt attempt, DagStep sink, StepValue? value, StateSession? session);

    /// <summary>A step failed for good.</summary>
    void Failed(DagAttempt attempt, Problem problem);

    /// <summary>Something that the attempt needs is gone: it must start again.</summary>
    void Lost(DagAttempt attempt, string reason);
}
