using System.Runtime.CompilerServices;
using Virga.Composition.Dags.Plans;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Sessions;

namespace Virga.Composition.Dags.Runs;

/// <summary>
/// What one node does for one attempt of a run: it gathers the inputs of the steps that the plan gives it, runs them, and hands each result straight to the steps that
/// follow, here or on their nodes.
/// </summary>
internal sealed partial class DagAttempt : IDisposable
{
    private readonly DagServices _services;
    private readonly IAttemptOwner _owner;
    private readonly CancellationTokenSource _cancel;

    // Guards the fan-ins; short, and nothing is called under it.
    private readonly Lock _gate = new();
    private readonly int[] _begun;
    private Fanin?[]? _fanins;

    // The owner, and everything that runs: the last one out closes.
    private int _holds = 1;
    private int _ended;

    public DagAttempt(DagServices services, Dag dag, InvocationId run, int number, DagPlan plan, IAttemptOwner owner, long deadline, string? traceParent)
    {
        _services = services;
        _owner = owner;
        Dag = dag;
        Run = run;
        Number = number;
        Plan = plan;
        Deadline = deadline;
        TraceParent = traceParent;
        _begun = new int[dag.Graph.Steps.Count];
        _cancel = new CancellationTokenSource(Remaining, services.Time);
        services.Work.Enter();
    }

    /// <summary>What is run.</summary>
    public Dag Dag { get; }

    /// <summary>Which run it belongs to.</summary>
    public InvocationId Run { get; }

    /// <summary>1 for the run's first.</summary>
    public int Number { get; }

    /// <summary>Which node runs which step.</summary>
    public DagPlan Plan { get; }

    /// <summary>When the run must have ended, as <see cref="TimeProvider.GetTimestamp"/> of this node.</summary>
    public long Deadline { get; }

    /// <summary>W3C trace context of the run.</summary>
    public string? TraceParent { get; }

    /// <summary>Cancelled when the run's time is over or the attempt is given up.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>The time that the run has left.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = TimeSpan.FromSeconds((Deadline - _services.Time.GetTimestamp()) / (double)_services.Time.TimestampFrequency);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Whether the run's time is over. The timer decides, which may go off a moment before the clock has come to <see cref="Deadline"/>.</summary>
    public bool IsOutOfTime => _cancel.IsCancellationRequested && Volatile.Read(ref _ended) == 0;

    private DagGraph Graph => Dag.Graph;

    /// <summary>Gives the run's input to the steps that it begins with.</summary>
    public void Begin(StepValue input, StateSession? session)
    {
        for (var i = 0; i < Graph.Entries.Count; i++)
        {
            Send(Graph.Steps[Graph.Entries[i]], 0, input.Retain(), session);
        }
    }

    /// <summary>An input has come for a step that is this node's. What comes twice, or after the end, is dropped.</summary>
    /// <param name="step">The step.</param>
    /// <param name="input">Which of its inputs.</param>
    /// <param name="value">The input, which becomes the attempt's; null when the edge did not fire.</param>
    /// <param name="session">What has been seen on the way.</param>
    public void Deliver(DagStep step, int input, StepValue? value, StateSession? session)
    {
        if (!TryHold())
        {
            Drop(value);
            return;
        }

        try
        {
            if (step.Inputs.Count > 1)
            {
                Gather(step, input, value, session);
            }
            else if (Interlocked.Exchange(ref _begun[step.Index], 1) != 0)
            {
                Drop(value);
            }
            else if (value is null)
            {
                Skip(step, session);
            }
            else
            {
                Start(step, value, null, session);
            }
        }
        finally
        {
            Unhold();
        }
    }

    /// <summary>Nothing of it is wanted any more: what still comes is dropped.</summary>
    /// <param name="isGivenUp">Whether something may still run, which is cancelled.</param>
    public void End(bool isGivenUp)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        if (isGivenUp)
        {
            _cancel.Cancel();
        }

        Fanin?[]? left;
        lock (_gate)
        {
            (left, _fanins) = (_fanins, null);
        }

        foreach (var fanin in left ?? [])
        {
            DropAll(fanin?.Values);
        }

        Unhold();
    }

    /// <summary>Ends it and what runs in it.</summary>
    public void Dispose() => End(isGivenUp: true);

    private void Gather(DagStep step, int input, StepValue? value, StateSession? session)
    {
        Fanin fanin;
        lock (_gate)
        {
            var fanins = Volatile.Read(ref _ended) != 0 ? null : _fanins ??= new Fanin?[Graph.Steps.Count];
            fanin = fanins is null ? new Fanin(0) : fanins[step.Index] ??= new Fanin(step.Inputs.Count);
            if (fanins is not null && _begun[step.Index] == 0 && fanin.TryTake(input, value, session))
            {
                value = null;
                if (!fanin.IsComplete)
                {
                    return;
                }

                _begun[step.Index] = 1;
                fanins[step.Index] = null;
            }
            else
            {
                fanin = null!;
            }
        }

        if (fanin is null)
        {
            Drop(value);
            return;
        }

        var joined = fanin.Join(_services.State);
        if (Array.TrueForAll(fanin.Values, static arrived => arrived is null))
        {
            Skip(step, joined);
        }
        else
        {
            Start(step, null, fanin.Values, joined);
        }
    }

    private void Skip(DagStep step, StateSession? session)
    {
        _owner.StepEnded(this, new StepReport(step.Index, _services.Self, StepStatus.Skipped, 0, TimeSpan.Zero, default, 0));
        if (step.IsSink)
        {
            _owner.SinkEnded(this, step, null, session);
            return;
        }

        for (var i = 0; i < step.Next.Count; i++)
        {
            Send(Graph.Steps[step.Next[i].To], step.Next[i].Input, null, session);
        }
    }

    // A chain whose calls end at once would otherwise go deeper with every step.
    private void Start(DagStep step, StepValue? input, StepValue?[]? inputs, StateSession? session)
    {
        Interlocked.Increment(ref _holds);
        if (RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            Observe(RunAsync(step, input, inputs, session));
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => Observe(RunAsync(step, input, inputs, session)), null);
        }
    }

    private void Send(DagStep step, int input, StepValue? value, StateSession? session)
    {
        var node = Plan.NodeOf(step.Index);
        if (node == _services.Self)
        {
            Deliver(step, input, value, session);
        }
        else if (TryHold())
        {
            if (value is not null && step.Inputs.Count <= 1)
            {
                _owner.StepBegan(this, step.Index);
            }

            Observe(HandOverAsync(node, step, input, value, session));
        }
        else
        {
            Drop(value);
        }
    }

    private async Task HandOverAsync(NodeName node, DagStep step, int input, StepValue? value, StateSession? session)
    {
        try
        {
            await _services.Messenger.HandOverAsync(this, node, step, input, value, session is null ? default : _services.State!.Export(session), _cancel.Token);
        }
        catch (NodeUnreachableException unreachable)
        {
            _owner.Lost(this, $"the step '{step.Name}' could not be handed over: {unreachable.Message}");
        }
        catch (OperationCanceledException) when (_cancel.IsCancellationRequested)
        {
            // The run has ended without this step.
        }
        finally
        {
            if (value is not null)
            {
                await value.ReleaseAsync();
            }

            Unhold();
        }
    }

    private bool TryHold()
    {
        Interlocked.Increment(ref _holds);
        if (Volatile.Read(ref _ended) == 0)
        {
            return true;
        }

        Unhold();
        return false;
    }

    private void Unhold()
    {
        if (Interlocked.Decrement(ref _holds) == 0)
        {
            _cancel.Dispose();
            _services.Work.Exit();
        }
    }

    private void Drop(StepValue? value)
    {
        if (value is not null)
        {
            _services.Work.Release(value);
        }
    }

    private void DropAll(StepValue?[]? values)
    {
        foreach (var value in values ?? [])
        {
            Drop(value);
        }
    }

    // What runs reports its failures itself; whatever else is thrown is a fault of the engine, and ends the run instead of being lost.
    private void Observe(Task task)
    {
        if (!task.IsCompletedSuccessfully)
        {
            _ = task.ContinueWith(
                static (failed, state) => ((DagAttempt)state!).OnFault(failed.Exception!.GetBaseException()),
                this,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }
}
