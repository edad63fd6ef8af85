using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.State.Sessions;

namespace Virga.Composition.Dags.Runs;

/// <summary>The way to the node where a run began, for the attempts of it on other nodes. When that node is gone, so is the run, and nothing has to be told.</summary>
internal sealed class RemoteOrigin(DagServices services) : IAttemptOwner
{
    /// <inheritdoc/>
    public void StepBegan(DagAttempt attempt, int step)
    {
        // Who handed it over has said so.
    }

    /// <inheritdoc/>
    public void StepEnded(DagAttempt attempt, in StepReport report) => services.Messenger.TellStep(attempt, report);

    /// <inheritdoc/>
    public void SinkEnded(DagAttempt attempt, DagStep sink, StepValue? value, StateSession? session) => Run(BringAsync(attempt, sink, value, session));

    /// <inheritdoc/>
    public void Failed(DagAttempt attempt, Problem problem) => Run(services.Messenger.TellFailureAsync(attempt, problem));

    /// <inheritdoc/>
    public void Lost(DagAttempt attempt, string reason) => Run(services.Messenger.TellLossAsync(attempt, reason));

    private async ValueTask BringAsync(DagAttempt attempt, DagStep sink, StepValue? value, StateSession? session)
    {
        try
        {
            await services.Messenger.BringResultAsync(attempt, sink, value, session is null ? default : services.State!.Export(session));
        }
        finally
        {
            if (value is not null)
            {
                await value.ReleaseAsync();
            }
        }
    }

    private void Run(ValueTask sending)
    {
        if (sending.IsCompletedSuccessfully)
        {
            return;
        }

        services.Work.Enter();
        _ = AwaitAsync(sending);
    }

    private async Task AwaitAsync(ValueTask sending)
    {
        try
        {
            await sending;
        }
        catch (NodeUnreachableException unreachable)
        {
            DagLog.OriginGone(services.Logger, unreachable.Node.Value);
        }
        catch (Exception exception)
        {
            DagLog.Fault(services.Logger, "of another node", exception);
        }
        finally
        {
            services.Work.Exit();
        }
    }
}
