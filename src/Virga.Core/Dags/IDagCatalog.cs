namespace Virga.Core.Dags;

/// <summary>Finds DAGs from memory, without a lock or a query.</summary>
public interface IDagCatalog
{
    /// <summary>The DAG as it is now; null when there is none of that name.</summary>
    Dag? Find(DagName name);

    /// <summary>Every DAG there is now.</summary>
    IReadOnlyCollection<Dag> All { get; }
}
