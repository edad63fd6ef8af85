using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Postgres;

/// <summary>A batch of deltas, each key once, in the order of keys; and what becomes of them. Pure: the statements are elsewhere.</summary>
internal sealed class PostgresMerge
{
    private readonly SortedDictionary<StateKey, StateRecord> _deltas = [];
    private readonly Dictionary<StateKey, StateRecord> _results = [];

    public PostgresMerge(IReadOnlyList<StateDelta> deltas)
    {
        foreach (var delta in deltas)
        {
            _deltas[delta.Key] = _deltas.TryGetValue(delta.Key, out var earlier) ? earlier.Merge(delta.Record) : delta.Record;
        }
    }

    public IReadOnlyList<StateKey> Keys => [.. _deltas.Keys];

    /// <summary>What is to be written when the rows of keys are these; keys to which nothing is added are not.</summary>
    public List<RowWrite> Plan(IReadOnlyList<StateKey> keys, StateRow[] rows)
    {
        var writes = new List<RowWrite>();
        for (var i = 0; i < rows.Length; i++)
        {
            var current = rows[i].Record;
            var merged = current is null ? _deltas[keys[i]] : current.Merge(_deltas[keys[i]]);
            _results[keys[i]] = merged;
            if (!ReferenceEquals(merged, current))
            {
                writes.Add(new RowWrite(keys[i], merged, rows[i].Version));
            }
        }

        return writes;
    }

    /// <summary>What each delta's key holds in the end.</summary>
    public IReadOnlyList<StateRecord> Results(IReadOnlyList<StateDelta> deltas) => [.. deltas.Select(delta => _results[delta.Key])];
}
