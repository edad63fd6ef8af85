using Virga.Composition.Dags.Plans;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Keys;
using Virga.State.Sessions;

namespace Virga.Composition.Dags.Runs;

/// <summary>One run, on the node where it began: it plans, begins attempts, gathers the ends of those steps that nothing follows, and starts again when something is lost.</summary>
internal sealed class DagRun : IAttemptOwner
{
    private readonly DagServices _services;
    private readonly IDagPlacement _placement;
    private readonly long _began;
    private readonly string? _traceParent;
    private readonly StepRecord[] _steps;

    // Guards what the current attempt has brought so far; short, and nothing is called under it.
    private readonly Lock _gate = new();
    private Attempt? _current;
    private InvocationTiming _timing;

    public DagRun(DagServices services, IDagPlacement placement, Dag dag, InvocationId id, long began, string? traceParent, bool isAsync = false, int begun = 0)
    {
        _services = services;
        _placement = placement;
        _began = began;
        _traceParent = traceParent;
        _steps = new StepRecord[dag.Graph.Steps.Count];
        Dag = dag;
        Id = id;
        IsAsync = isAsync;
        Attempts = begun;
        StartedAt = services.Time.GetUtcNow();
        Deadline = began + (long)(dag.Spec.Timeout.Span.TotalSeconds * services.Time.TimestampFrequency);
    }

    /// <summary>What is run.</summary>
    public Dag Dag { get; }

    /// <summary>Names it.</summary>
    public InvocationId Id { get; }

    /// <summary>Whether nobody waits for its output.</summary>
    public bool IsAsync { get; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>When it must have ended, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long Deadline { get; }

    /// <summary>How far it is.</summary>
    public RunStatus Status { get; private set; } = RunStatus.Running;

    /// <summary>1 for the first time that it began.</summary>
    public int Attempts { get; private set; }

    /// <summary>How long it took; of one that runs, how long so far.</summary>
    public TimeSpan Duration
    {
        get => Status == RunStatus.Running ? _services.Time.GetElapsedTime(_began) : field;
        private set;
    }

    /// <summary>Why it failed.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>Starts, queues and run together.</summary>
    public InvocationTiming Timing => new(_timing.Kind, _timing.Queue, _timing.Start, Duration);

    /// <summary>What is known of each step, by its place. A copy: the run may go on.</summary>
    public StepRecord[] Steps
    {
        get
        {
            lock (_gate)
            {
                return [.. _steps];
            }
        }
    }

    /// <summary>Runs it to its end. Called once.</summary>
    /// <param name="input">Its input; the caller keeps it and releases it after the end.</param>
    /// <param name="cancellation">Nobody wants the output any more.</param>
    public async ValueTask<DagOutcome> RunAsync(StepValue input, CancellationToken cancellation)
    {
        while (true)
        {
            Attempts++;
            var outcome = await AttemptAsync(input, cancellation);
            if (outcome.Lost is { } reason)
            {
                if (Attempts <= Dag.Spec.Retries && _services.Time.GetTimestamp() < Deadline)
                {
                    DagLog.StartsAgain(_services.Logger, Id.ToString(), Dag.Name.ToString(), Attempts + 1, reason);
                    continue;
                }

                outcome = new DagOutcome(null, KnownProblems.DagRunLost($"The run of the DAG '{Dag.Name.Name}' began {Attempts} time{(Attempts == 1 ? "" : "s")}, and each time something that it needs was lost; the last time {reason}."), null);
            }

            var duration = _services.Time.GetElapsedTime(_began);
            Problem = outcome.Problem;
            Duration = duration;
            Status = outcome.Problem is null ? RunStatus.Succeeded : outcome.Problem.Status == 499 ? RunStatus.Cancelled : RunStatus.Failed;
            return outcome;
        }
    }

    /// <summary>The attempt that runs now, if it has that number: where messages of other nodes go.</summary>
    public DagAttempt? Current(int number) => Volatile.Read(ref _current)?.Work is { } attempt && attempt.Number == number ? attempt : null;

    /// <summary>Nodes have come or gone.</summary>
    public void OnViewChanged(ClusterView view)
    {
        if (Volatile.Read(ref _current) is { } attempt && attempt.MissingFrom(view) is { } node)
        {
            Lost(attempt.Work, $"the node '{node}' is gone");
        }
    }

    /// <inheritdoc/>
    public void StepBegan(DagAttempt attempt, int step)
    {
        lock (_gate)
        {
            if (_current?.Work == attempt && _steps[step].Status == StepStatus.Waiting)
            {
                _steps[step].Status = StepStatus.Running;
                _steps[step].Node = attempt.Plan.NodeOf(step);
                _steps[step].Start = _services.Time.GetElapsedTime(_began);
            }
        }
    }

    /// <inheritdoc/>
    public void StepEnded(DagAttempt attempt, in StepReport report)
    {
        lock (_gate)
        {
            if (_current?.Work != attempt)
            {
                return;
            }

            ref var step = ref _steps[report.Step];
            step.Status = report.Status;
            step.Node = report.Node;
            step.Tries = report.Tries;
            step.Cold = report.Timing.Cold;
            step.Duration = report.Duration;
            var start = _services.Time.GetElapsedTime(_began) - report.Duration;
            step.Start = start > TimeSpan.Zero ? start : TimeSpan.Zero;
            if (report.Tries > 0)
            {
                _timing = new InvocationTiming(
                    report.Timing.Kind > _timing.Kind ? report.Timing.Kind : _timing.Kind, _timing.Queue + report.Timing.Queue, _timing.Start + report.Timing.Start, default);
            }
        }
    }

    /// <inheritdoc/>
    public void SinkEnded(DagAttempt attempt, DagStep sink, StepValue? value, StateSession? session)
    {
        Attempt? complete = null;
        lock (_gate)
        {
            if (_current is { } current && current.Work == attempt && current.Results.TryTake(SinkIndex(sink), value, session))
            {
                value = null;
                complete = current.Results.IsComplete ? current : null;
            }
        }

        if (value is not null)
        {
            _services.Work.Release(value);
        }

        complete?.TryEnd(Output(complete));
    }

    /// <inheritdoc/>
    public void Failed(DagAttempt attempt, Problem problem) => EndAttempt(attempt, new DagOutcome(null, problem, null));

    /// <inheritdoc/>
    public void Lost(DagAttempt attempt, string reason) => EndAttempt(attempt, new DagOutcome(null, null, reason));

    private async ValueTask<DagOutcome> AttemptAsync(StepValue input, CancellationToken cancellation)
    {
        var view = _services.Link.View;
        var plan = view.Members.Count <= 1 ? DagPlan.On(_services.Self) : await PlanAsync(view, cancellation);
        var session = _services.State?.Begin(Dag.Spec.Consistency);
        var work = new DagAttempt(_services, Dag, Id, Attempts, plan, this, Deadline, _traceParent);
        var attempt = new Attempt(work, view, new Fanin(Dag.Graph.Sinks.Count), _services.Work);
        lock (_gate)
        {
            _current = attempt;
            Array.Clear(_steps);
        }

        // Neither is waited for: what comes late finds no attempt, or one that has ended.
        var timeout = work.Cancelled.UnsafeRegister(static state => ((DagRun)state!).OnTimeout(), this);
        var leaving = cancellation.UnsafeRegister(static state => ((DagRun)state!).OnClientGone(), this);
        work.Begin(input, session);
        var outcome = await attempt.Ended;
        timeout.Unregister();
        leaving.Unregister();
        Close(attempt, session, outcome.Value is null);
        return outcome;
    }

    private async ValueTask<DagPlan> PlanAsync(ClusterView view, CancellationToken cancellation)
    {
        if (_services.State is not { } state || Dag.Spec.Placement == DagPlacement.Spread || KeysOf(Dag) is not { Count: > 0 } keys)
        {
            return _placement.Plan(Dag, view, _services.Self, static _ => []);
        }

        await state.LocateAsync(keys, cancellation);
        return _placement.Plan(Dag, view, _services.Self, key => state.HoldersOf(new StateKey(Dag.Name.Scope, key)));
    }

    private static List<StateKey> KeysOf(Dag dag)
    {
        var keys = new List<StateKey>();
        foreach (var step in dag.Graph.Steps)
        {
            foreach (var key in step.References)
            {
                keys.Add(new StateKey(dag.Name.Scope, key));
            }
        }

        return keys;
    }

    private void Close(Attempt attempt, StateSession? session, bool isGivenUp)
    {
        StepValue?[] left;
        StateSession? joined;
        lock (_gate)
        {
            _current = null;
            left = attempt.IsTaken ? [] : attempt.Results.Values;
            joined = attempt.Results.Join(_services.State) ?? session;
            MarkUnfinished();
        }

        foreach (var value in left)
        {
            if (value is not null)
            {
                _services.Work.Release(value);
            }
        }

        attempt.Work.End(isGivenUp);
        if (!attempt.Work.Plan.IsLocal)
        {
            _services.Messenger.TellEnd(attempt.Work);
        }

        if (joined is not null)
        {
            _services.State!.End(joined);
        }
    }

    // A step that ran when its attempt ended has not ended itself.
    private void MarkUnfinished()
    {
        for (var i = 0; i < _steps.Length; i++)
        {
            if (_steps[i].Status == StepStatus.Running)
            {
                _steps[i].Status = StepStatus.Cancelled;
            }
        }
    }

    private DagOutcome Output(Attempt attempt)
    {
        try
        {
            if (Dag.Graph.Output is not { } output)
            {
                return new DagOutcome(StepObject.OfResults(Dag.Graph, attempt.Results.Values), null, null);
            }

            attempt.IsTaken = true;
            StepValue? taken = null;
            for (var i = 0; i < attempt.Results.Values.Length; i++)
            {
                if (Dag.Graph.Sinks[i] == output)
                {
                    taken = attempt.Results.Values[i];
                }
                else if (attempt.Results.Values[i] is { } other)
                {
                    _services.Work.Release(other);
                }
            }

            // The step was skipped: a run without a result, which is none that failed.
            return new DagOutcome(taken ?? StepValue.Borrowed(new System.Buffers.ReadOnlySequence<byte>("null"u8.ToArray()), null), null, null);
        }
        catch (ProblemException refused)
        {
            return new DagOutcome(null, refused.Problem, null);
        }
    }

    private void OnClientGone() => Volatile.Read(ref _current)?.TryEnd(new DagOutcome(null, KnownProblems.ClientGone(), null));

    private void OnTimeout()
    {
        if (Volatile.Read(ref _current) is { Work.IsOutOfTime: true } attempt)
        {
            var waiting = Steps.Select((step, index) => (step.Status, Dag.Graph.Steps[index].Name)).Where(step => step.Status is StepStatus.Waiting or StepStatus.Running).Take(5).Select(step => step.Name);
            attempt.TryEnd(new DagOutcome(null, KnownProblems.Timeout($"The run of the DAG '{Dag.Name.Name}' did not end within {Dag.Spec.Timeout}; it lacks {string.Join(", ", waiting)}.") with { Fix = "Make its functions faster, or raise the DAG's timeout." }, null));
        }
    }

    private void EndAttempt(DagAttempt attempt, in DagOutcome outcome)
    {
        if (Volatile.Read(ref _current) is { } current && current.Work == attempt)
        {
            current.TryEnd(outcome);
        }
    }

    private int SinkIndex(DagStep sink)
    {
        var sinks = Dag.Graph.Sinks;
        for (var i = 0; i < sinks.Count; i++)
        {
            if (sinks[i] == sink.Index)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"The step '{sink.Name}' is followed by others.");
    }

    /// <summary>One attempt, and what it has brought.</summary>
    private sealed class Attempt(DagAttempt work, ClusterView planned, Fanin results, RunningWork running)
    {
        // Without a hop: whoever brings the last result goes on to answer the caller.
        private readonly TaskCompletionSource<DagOutcome> _ended = new();

        public DagAttempt Work { get; } = work;

        public Fanin Results { get; } = results;

        /// <summary>Whether the results have been given away.</summary>
        public bool IsTaken { get; set; }

        public Task<DagOutcome> Ended => _ended.Task;

        public void TryEnd(in DagOutcome outcome)
        {
            if (!_ended.TrySetResult(outcome) && outcome.Value is { } late)
            {
                running.Release(late);
            }
        }

        /// <summary>The first of its nodes that is gone, or is another run of the node by that name.</summary>
        public NodeName? MissingFrom(ClusterView view)
        {
            foreach (var node in Work.Plan.Nodes)
            {
                if (view.Find(node) is not { } member || member.Incarnation != planned.Find(node)?.Incarnation)
                {
                    return node;
                }
            }

            return null;
        }
    }
}
