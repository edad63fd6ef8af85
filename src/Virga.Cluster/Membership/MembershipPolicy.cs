using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Cluster.Membership;

/// <summary>
/// Decides who is alive, and when to look next. It has no clock and no table: it is told what was found and at which time (of this node's own clock, which only
/// has to run evenly), and used by one at a time.
/// </summary>
/// <remarks>
/// A node is alive while its lease lasts. Who cannot reach the table keeps its last view: it cannot know better, and the nodes still reach each other. When the
/// table comes back, leases have run out that their nodes could not renew either: such a node stays in the view for one more lease, in which it comes back if it
/// is alive. A node that renews in time is never taken out, and an incarnation that was taken out never comes back.
/// </remarks>
internal sealed class MembershipPolicy
{
    private readonly NodeName _self;
    private readonly LeaseSettings _settings;
    private readonly HashSet<NodeName> _suspects = [];
    private TimeSpan _leaseBegan = TimeSpan.MinValue;
    private TimeSpan _lastAttempt = TimeSpan.MinValue;
    private TimeSpan _mercyUntil = TimeSpan.MinValue;
    private int _failures;

    public MembershipPolicy(NodeName self, LeaseSettings settings)
    {
        _self = self;
        _settings = settings;
        View = new ClusterView(0, []);
    }

    /// <summary>Who is alive.</summary>
    public ClusterView View { get; private set; }

    /// <summary>This node's run; 0 before the first claim.</summary>
    public long Incarnation { get; private set; }

    /// <summary>When to look at the leases next.</summary>
    public TimeSpan NextAt { get; private set; }

    /// <summary>Whether the node's lease must be claimed anew, instead of being renewed.</summary>
    public bool MustClaim { get; private set; } = true;

    /// <summary>Whether the node is sure to be a member: its lease lasts, give or take <see cref="LeaseSettings.Grace"/>.</summary>
    public bool IsMember(TimeSpan now) => _leaseBegan != TimeSpan.MinValue && !MustClaim && now - _leaseBegan < _settings.Lease + _settings.Grace;

    /// <summary>The name was claimed.</summary>
    /// <param name="sentAt">When that was asked for: the lease lasts at least from then.</param>
    /// <param name="incarnation">Which run this is now.</param>
    public void Claimed(TimeSpan sentAt, long incarnation)
    {
        _leaseBegan = sentAt;
        _lastAttempt = sentAt;
        Incarnation = incarnation;
        MustClaim = false;
        NextAt = sentAt + _settings.LeastPause;
    }

    /// <summary>The leases were read.</summary>
    /// <param name="sentAt">When they were asked for.</param>
    /// <param name="reading">What was found.</param>
    /// <returns>Whether other nodes are alive than before; loads may have changed anyway.</returns>
    public bool Observe(TimeSpan sentAt, LeaseReading reading)
    {
        _lastAttempt = sentAt;
        if (_failures > 0)
        {
            _failures = 0;
            _mercyUntil = sentAt + _settings.Lease;
        }

        if (reading.IsHeld)
        {
            _leaseBegan = sentAt;
            NextAt = sentAt + _settings.Renewal;
        }
        else
        {
            MustClaim = true;
            _mercyUntil = Max(_mercyUntil, sentAt + _settings.Lease);
            NextAt = sentAt + _settings.LeastPause;
        }

        var members = new List<ClusterMember>(reading.Rows.Count);
        foreach (var row in reading.Rows)
        {
            if (row.Name == _self)
            {
                continue;
            }

            if (IsAlive(row, sentAt))
            {
                members.Add(new ClusterMember(row.Name, row.Incarnation, row.Report.Address, row.Report.Load));
                if (_suspects.Contains(row.Name))
                {
                    // Its lease tells, to the moment.
                    NextAt = Min(NextAt, sentAt + Max(row.Remaining, TimeSpan.Zero) + _settings.LeastPause);
                }
            }
        }

        _suspects.RemoveWhere(suspect => !members.Exists(member => member.Name == suspect));
        var own = reading.Rows.FirstOrDefault(row => row.Name == _self && row.Incarnation == Incarnation);
        members.Add(new ClusterMember(_self, Incarnation, own?.Report.Address ?? "", own?.Report.Load ?? 0));
        members.Sort(static (left, right) => left.Name.CompareTo(right.Name));
        return Replace(members);
    }

    /// <summary>The table could not be reached.</summary>
    public void Fail(TimeSpan now)
    {
        _lastAttempt = now;
        _failures++;
        var wait = _settings.Retry * Math.Pow(2, Math.Min(_failures - 1, 10));
        NextAt = now + Min(wait, _settings.Renewal);
    }

    /// <summary>Another node cannot be reached: perhaps it is gone, and its lease says when that is certain.</summary>
    public void Suspect(TimeSpan now, NodeName node)
    {
        if (View.Contains(node) && _suspects.Add(node))
        {
            NextAt = Min(NextAt, Max(now, _lastAttempt + _settings.LeastPause));
        }
    }

    /// <summary>A node can be reached.</summary>
    public void Trust(NodeName node) => _suspects.Remove(node);

    /// <summary>The table says that something has changed.</summary>
    public void Hint(TimeSpan now) => NextAt = Min(NextAt, Max(now, _lastAttempt + _settings.LeastPause));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private bool IsAlive(LeaseRow row, TimeSpan now) => row.Report.IsReady
        && (row.Remaining > TimeSpan.Zero || (now < _mercyUntil && View.Find(row.Name)?.Incarnation == row.Incarnation));

    private bool Replace(List<ClusterMember> members)
    {
        var isSame = View.Members.Count == members.Count;
        for (var i = 0; isSame && i < members.Count; i++)
        {
            var (before, now) = (View.Members[i], members[i]);
            isSame = before.Name == now.Name && before.Incarnation == now.Incarnation && before.Address == now.Address;
        }

        View = new ClusterView(isSame ? View.Number : View.Number + 1, members);
        return !isSame;
    }
}
