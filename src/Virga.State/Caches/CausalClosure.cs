using Virga.State.Keys;
using Virga.State.Stores;

namespace Virga.State.Caches;

/// <summary>A key's record with all of this node's records that it depends on and that are not stored.</summary>
internal sealed class CausalClosure
{
    public CausalClosure(CacheTable table, CausalCut cut, StateKey key)
    {
        var seen = new HashSet<StateKey>();
        var open = new Stack<StateKey>();
        open.Push(key);
        while (open.TryPop(out var next))
        {
            if (!seen.Add(next) || table.Find(next) is not { } entry || cut.Read(entry) is not { } record || (next != key && entry.IsStored))
            {
                continue;
            }

            Records.Add(new StateDelta(next, record));
            LogPosition = Math.Max(LogPosition, entry.LogPosition);
            foreach (var text in record.Causality?.Dependencies.Keys ?? [])
            {
                open.Push(new StateKey(next.Scope, text));
            }
        }
    }

    public List<StateDelta> Records { get; } = [];

    public long LogPosition { get; }
}
