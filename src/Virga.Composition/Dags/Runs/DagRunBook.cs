using System.Collections.Concurrent;
using Virga.Core.Dags;
using Virga.Core.Names;

namespace Virga.Composition.Dags.Runs;

/// <summary>The runs that began on this node: those that go on, and of each DAG the last ones.</summary>
internal sealed class DagRunBook
{
    /// <summary>How many runs of a DAG are remembered.</summary>
    public const int Remembered = 100;

    private readonly ConcurrentDictionary<InvocationId, DagRun> _active = new();
    private readonly ConcurrentDictionary<DagName, Ring> _rings = new();

    /// <summary>The runs that go on.</summary>
    public IEnumerable<DagRun> Active => _active.Values;

    /// <summary>A run begins.</summary>
    public void Begin(DagRun run)
    {
        _active[run.Id] = run;
        _rings.GetOrAdd(run.Dag.Name, static _ => new Ring()).Add(run);
    }

    /// <summary>A run has ended.</summary>
    public void End(DagRun run) => _active.TryRemove(run.Id, out _);

    /// <summary>A run that goes on.</summary>
    public DagRun? FindActive(InvocationId id) => _active.GetValueOrDefault(id);

    /// <summary>A run that is remembered.</summary>
    public DagRun? Find(DagName dag, InvocationId id) =>
        _active.TryGetValue(id, out var run) && run.Dag.Name == dag ? run : _rings.GetValueOrDefault(dag)?.Runs().FirstOrDefault(remembered => remembered.Id == id);

    /// <summary>The remembered runs of a DAG, newest first.</summary>
    public IReadOnlyList<DagRun> RunsOf(DagName dag) =>
        [.. (_rings.GetValueOrDefault(dag)?.Runs() ?? []).OrderByDescending(run => run.StartedAt).ThenByDescending(run => run.Id.ToString(), StringComparer.Ordinal)];

    /// <summary>Forgets the runs of DAGs that do not exist any more.</summary>
    public void Sweep(IDagCatalog catalog)
    {
        foreach (var name in _rings.Keys)
        {
            if (catalog.Find(name) is null)
            {
                _rings.TryRemove(name, out _);
            }
        }
    }

    /// <summary>The last runs. A new one takes the place of the oldest, without a lock.</summary>
    private sealed class Ring
    {
        private readonly DagRun?[] _runs = new DagRun?[Remembered];
        private int _next = -1;

        public void Add(DagRun run) => Volatile.Write(ref _runs[(uint)Interlocked.Increment(ref _next) % Remembered], run);

        public IEnumerable<DagRun> Runs() => _runs.OfType<DagRun>();
    }
}
