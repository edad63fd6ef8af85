using System.Collections.Concurrent;
using Virga.Control.Metadata;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Dags;

/// <summary>Every DAG of the node, in memory and worked out. Read without locks by calls; changed by the one who has the turn to change.</summary>
internal sealed class DagCatalog : IDagCatalog
{
    private readonly ConcurrentDictionary<DagName, Dag> _dags = new();

    /// <inheritdoc/>
    public IReadOnlyCollection<Dag> All => [.. _dags.Values];

    /// <inheritdoc/>
    public Dag? Find(DagName name) => _dags.GetValueOrDefault(name);

    /// <summary>Puts a stored DAG in force, in place of the one of its name.</summary>
    public void Put(StoredResource stored)
    {
        var spec = ControlJson.Deserialize<DagSpec>(stored.Spec);
        Put(new Dag(new DagName(stored.Key.Scope, ResourceName.Parse(stored.Key.Name)), stored.Version, spec, DagRules.Bind(spec)));
    }

    /// <summary>Puts a DAG in force.</summary>
    public void Put(Dag dag) => _dags[dag.Name] = dag;

    /// <summary>Takes a DAG out; runs of it that have begun go on.</summary>
    public void Remove(DagName name) => _dags.TryRemove(name, out _);
}
