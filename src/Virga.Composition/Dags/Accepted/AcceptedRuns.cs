using System.Buffers;
using System.Collections.Concurrent;
using Virga.Composition.Dags.Api;
using Virga.Composition.Dags.Runs;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Records;

namespace Virga.Composition.Dags.Accepted;

/// <summary>
/// Runs for which nobody waits. Each is kept in shared state before it is accepted, has one node that runs it, and is taken over by another when that one is gone. A run may so
/// be begun more than once, and ends once.
/// </summary>
internal sealed class AcceptedRuns(DagServices services, RunStore store, IDagCatalog catalog, Func<Dag, AcceptedRun, DagRun> make, DagRunBook book) : IAsyncDisposable
{
    // Of one DAG on one node; others wait for their turn, instead of being refused by full queues of functions.
    private const int MostAtATime = 64;

    // What waits or runs on a node, and its inputs in bytes. Beyond it nothing is accepted, and what other nodes have left behind is left for later.
    private const int MostRuns = 10_000;
    private const long MostBytes = 256L << 20;

    // What this node runs, or is about to: a record of its own that is not here was left by an earlier process of it.
    private readonly ConcurrentDictionary<InvocationId, byte> _mine = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly RunningWork _work = new();
    private readonly ConcurrentDictionary<DagName, SemaphoreSlim> _turns = new();
    private long _bytes;
    private int _isSearching;

    /// <summary>What is kept.</summary>
    public RunStore Store => store;

    private bool IsFull => _mine.Count >= MostRuns || Interlocked.Read(ref _bytes) >= MostBytes;

    private long Incarnation => services.Link.View.Find(services.Self)?.Incarnation ?? 0;

    /// <summary>Accepts a run: it is kept when this returns, and runs in the background.</summary>
    /// <exception cref="ProblemException">It could not be kept, or too many have not ended.</exception>
    public async ValueTask AcceptAsync(Dag dag, InvocationId id, StepValue input, CancellationToken cancellation)
    {
        if (IsFull)
        {
            var full = KnownProblems.TooManyCalls($"{MostRuns:N0} runs that nobody waits for have not ended on this node, or their inputs have {MostBytes >> 20} MiB.", TimeSpan.FromSeconds(1));
            throw new ProblemException(full with { Fix = "Try again after the time in Retry-After, or at another node." });
        }

        var run = new AcceptedRun(id, dag.Name, services.Time.GetUtcNow().ToUnixTimeMilliseconds(), services.Self, Incarnation, 1, input.ContentType, input.Body.ToArray());
        _mine[id] = 0;
        try
        {
            await store.AddAsync(run, cancellation);
        }
        catch
        {
            // Whether it was kept is not known: the search finds it if it was.
            _mine.TryRemove(id, out _);
            throw;
        }

        Start(dag, run);
    }

    /// <summary>Looks in the background for runs that this node has left behind. Looks that meet are one.</summary>
    /// <param name="orphans">Whether to look for those of other nodes as well: only once the node knows who is alive.</param>
    public void Search(bool orphans)
    {
        if (!_stopping.IsCancellationRequested && Interlocked.Exchange(ref _isSearching, 1) == 0)
        {
            _work.Enter();
            _ = SearchAsync(orphans);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _work.CloseAsync();
        _stopping.Dispose();
    }

    private async Task SearchAsync(bool orphans)
    {
        try
        {
            await Task.Yield();
            foreach (var scope in catalog.All.Select(dag => dag.Name.Scope).Distinct().ToList())
            {
                await foreach (var (run, version) in store.OpenAsync(scope, _stopping.Token))
                {
                    await LookAsync(run, version, orphans);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node stops.
        }
        catch (Exception exception) when (exception is ProblemException or StateEncodingException)
        {
            DagLog.SearchFailed(services.Logger, exception);
        }
        finally
        {
            Volatile.Write(ref _isSearching, 0);
            _work.Exit();
        }
    }

    private async ValueTask LookAsync(AcceptedRun run, StateVersion version, bool orphans)
    {
        var view = services.Link.View;
        var isLeftBehind = run.Owner == services.Self && !_mine.ContainsKey(run.Id);
        if (IsFull || (!isLeftBehind && !(orphans && RunOwnership.IsOrphan(run, view) && RunOwnership.HeirOf(run.Id, view) == services.Self)))
        {
            return;
        }

        var taken = run with { Owner = services.Self, Incarnation = Incarnation, Begun = run.Begun + 1 };
        _mine[run.Id] = 0;
        var isStarted = false;
        try
        {
            if (!await store.TryTakeAsync(taken, version, _stopping.Token))
            {
                return;
            }

            DagLog.TakenOver(services.Logger, run.Id.ToString(), run.Dag.ToString());
            if (catalog.Find(run.Dag) is { } dag)
            {
                Start(dag, taken);
                isStarted = true;
            }
            else
            {
                await EndAsync(run, Failed(run, KnownProblems.NotFound($"The DAG '{run.Dag.Name}' was deleted before the run had ended.", "Create it again.")), null);
            }
        }
        finally
        {
            // Also when the store failed: the next search looks at it again.
            if (!isStarted)
            {
                _mine.TryRemove(run.Id, out _);
            }
        }
    }

    private void Start(Dag dag, AcceptedRun run)
    {
        _work.Enter();
        Interlocked.Add(ref _bytes, run.Input.Length);
        _ = RunInTurnAsync(dag, run);
    }

    private async Task RunInTurnAsync(Dag dag, AcceptedRun accepted)
    {
        try
        {
            // Whoever accepts does not wait for the first step's call.
            await Task.Yield();
            var turn = _turns.GetOrAdd(dag.Name, static _ => new SemaphoreSlim(MostAtATime));
            await turn.WaitAsync(_stopping.Token);
            try
            {
                await RunAsync(dag, accepted);
            }
            finally
            {
                turn.Release();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node stops, and the run with it; it stays open.
        }
        finally
        {
            Interlocked.Add(ref _bytes, -accepted.Input.Length);
            _mine.TryRemove(accepted.Id, out _);
            _work.Exit();
        }
    }

    private async Task RunAsync(Dag dag, AcceptedRun accepted)
    {
        try
        {
            if (accepted.Begun > dag.Spec.Retries + 1)
            {
                await EndAsync(accepted, Failed(accepted, KnownProblems.DagRunLost($"The run of the DAG '{dag.Name.Name}' was begun {accepted.Begun - 1} times, and each time its node was lost.")), null);
                return;
            }

            var run = make(dag, accepted);
            book.Begin(run);
            DagOutcome outcome;
            try
            {
                outcome = await run.RunAsync(StepValue.Copied(new ReadOnlySequence<byte>(accepted.Input), accepted.ContentType), _stopping.Token);
            }
            finally
            {
                book.End(run);
            }

            if (!_stopping.IsCancellationRequested)
            {
                await EndAsync(accepted, DagRunDocument.Of(run, services.Self.Value), outcome.Value);
            }

            if (outcome.Value is { } value)
            {
                await value.ReleaseAsync();
            }
        }
        catch (Exception exception)
        {
            // It stays open, and is run again.
            DagLog.EndNotKept(services.Logger, accepted.Id.ToString(), exception);
        }
    }

    private async ValueTask EndAsync(AcceptedRun run, DagRunDocument document, StepValue? output)
    {
        await store.EndAsync(run.Dag, run.Id, document, output, CancellationToken.None);
        _mine.TryRemove(run.Id, out _);
    }

    private DagRunDocument Failed(AcceptedRun run, Problem problem) => DagRunDocument.Of(run, services.Self.Value, RunStatus.Failed, problem);
}
