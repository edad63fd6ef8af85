using Microsoft.Extensions.Logging;
using Virga.Composition.Dags.Accepted;
using Virga.Composition.Dags.Messages;
using Virga.Composition.Dags.Plans;
using Virga.Composition.Dags.Runs;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State;

namespace Virga.Composition.Dags;

/// <summary>Runs DAGs: those that are called on this node, and the steps that other nodes hand over to it.</summary>
public sealed class DagEngine : IDagInvoker, IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(15);

    private readonly IDagCatalog _catalog;
    private readonly IDagPlacement _placement;
    private readonly DagServices _services;
    private readonly DagReceiver _receiver;
    private readonly ITimer _sweeping;
    private bool _isClosed;

    /// <summary>Sets the engine up and begins to take messages of other nodes.</summary>
    /// <param name="catalog">Finds DAGs.</param>
    /// <param name="functions">Finds the functions of their steps.</param>
    /// <param name="invoker">Calls them.</param>
    /// <param name="link">Reaches other nodes.</param>
    /// <param name="state">Sessions of shared state; null on a node without it.</param>
    /// <param name="placement">Plans where steps run.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where the node logs.</param>
    public DagEngine(
        IDagCatalog catalog, IFunctionCatalog functions, IInvoker invoker, INodeLink link, StateEngine? state, IDagPlacement placement, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(time);
        _catalog = catalog;
        _placement = placement;
        _services = new DagServices(invoker, functions, link, state, time, loggers.CreateLogger("Virga.Composition"));
        _receiver = new DagReceiver(_services, Book);
        _receiver.Listen();
        Accepted = state is null ? null : new AcceptedRuns(_services, new RunStore(state.Replica), catalog, MakeAccepted, Book);
        Accepted?.Search(orphans: false);
        link.ViewChanged += OnViewChanged;
        _sweeping = time.CreateTimer(static engine => ((DagEngine)engine!).Sweep(), this, SweepInterval, SweepInterval);
    }

    internal DagRunBook Book { get; } = new();

    /// <summary>Runs for which nobody waits; null without shared state, where they could not be kept.</summary>
    internal AcceptedRuns? Accepted { get; }

    internal IDagCatalog Catalog => _catalog;

    internal TimeProvider Time => _services.Time;

    internal NodeName Node => _services.Self;

    /// <inheritdoc/>
    public bool Contains(DagName name) => _catalog.Find(name) is not null;

    /// <inheritdoc/>
    public async ValueTask<InvocationResult> InvokeAsync(DagCall call, CancellationToken cancellation)
    {
        if (_catalog.Find(call.Dag) is not { } dag)
        {
            return new DagAnswer(KnownProblems.NotFound($"There is no DAG '{call.Dag.Name}'.", "See `virga dag list`."), default);
        }

        // A copy: a step that is cancelled may still look at it when the caller has its answer already.
        var input = call.BodyStream is null ? StepValue.Copied(call.Body, call.ContentType) : null;
        if (call.BodyStream is { } stream)
        {
            try
            {
                input = await StepValue.ReadAsync(stream, call.ContentType, cancellation);
            }
            catch (ProblemException refused)
            {
                return new DagAnswer(refused.Problem, default);
            }
        }

        return DagTrace.IsOn ? await DagTrace.RunAsync(this, dag, call, input!, cancellation) : await RunAsync(dag, call, input!, call.TraceParent, cancellation);
    }

    internal async ValueTask<InvocationResult> RunAsync(Dag dag, DagCall call, StepValue input, string? traceParent, CancellationToken cancellation)
    {
        try
        {
            var run = new DagRun(_services, _placement, dag, call.Id, call.ReceivedAt, traceParent);
            var outcome = await RunAsync(run, input, cancellation);
            return outcome.Value is { } value ? new DagAnswer(run.Id, value, run.Timing) : new DagAnswer(outcome.Problem!, run.Timing);
        }
        finally
        {
            await input.ReleaseAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _services.Link.ViewChanged -= OnViewChanged;
        await _sweeping.DisposeAsync();
        if (Accepted is not null)
        {
            await Accepted.DisposeAsync();
        }

        _receiver.Close();
        await _services.Work.CloseAsync();
    }

    private async ValueTask<DagOutcome> RunAsync(DagRun run, StepValue input, CancellationToken cancellation)
    {
        _services.Work.Enter();
        Book.Begin(run);
        try
        {
            return await run.RunAsync(input, cancellation);
        }
        finally
        {
            Book.End(run);
            _services.Work.Exit();
        }
    }

    private void OnViewChanged(ClusterView view)
    {
        foreach (var run in Book.Active)
        {
            run.OnViewChanged(view);
        }

        _receiver.OnViewChanged(view);
        Accepted?.Search(orphans: true);
    }

    private DagRun MakeAccepted(Dag dag, AcceptedRun accepted) => new(_services, _placement, dag, accepted.Id, _services.Time.GetTimestamp(), null, isAsync: true, accepted.Begun - 1);

    private void Sweep()
    {
        _receiver.Sweep();
        Book.Sweep(_catalog);
        Accepted?.Search(orphans: true);
    }
}
