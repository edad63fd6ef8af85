using Virga.Cluster.Membership;
using Virga.Core.Names;

namespace Virga.Cluster.Tests.Simulation;

/// <summary>The table of leases in simulated time: does what the statements of <see cref="PostgresLeaseTable"/> do, at one moment each.</summary>
internal sealed class SimulatedLeases(bool renewsWhatHasRunOut)
{
    private static readonly NodeReport Ready = new("127.0.0.1:1", IsReady: true, 0, TimeSpan.Zero, "", "", "");

    private readonly SortedDictionary<NodeName, (long Incarnation, TimeSpan Until)> _rows = [];
    private long _incarnations;

    public bool IsHeld(NodeName name, long incarnation, TimeSpan now) => _rows.TryGetValue(name, out var row) && row.Incarnation == incarnation && row.Until > now;

    public long? Claim(NodeName name, TimeSpan lease, TimeSpan now)
    {
        if (_rows.TryGetValue(name, out var row) && row.Until > now)
        {
            return null;
        }

        _rows[name] = (++_incarnations, now + lease);
        return _incarnations;
    }

    public LeaseReading Renew(NodeName name, long incarnation, TimeSpan lease, TimeSpan now)
    {
        var isHeld = IsHeld(name, incarnation, now) || (renewsWhatHasRunOut && _rows.TryGetValue(name, out var row) && row.Incarnation == incarnation);
        if (isHeld)
        {
            _rows[name] = (incarnation, now + lease);
        }

        return new LeaseReading(isHeld, default, [.. _rows.Select(row => new LeaseRow(row.Key, row.Value.Incarnation, row.Value.Until - now, default, Ready))]);
    }
}
