using Virga.Cluster.Membership;
using Virga.Core.Names;

namespace Virga.Cluster.Tests.Simulation;

/// <summary>
/// Nodes that crash, start again, start twice under one name and are cut off from their table of leases, which itself goes away at times; then a quiet time in
/// which all must agree. The same seed gives the same history.
/// </summary>
internal sealed class MembershipSimulation(int seed, bool onlyOutages = false, bool renewsWhatHasRunOut = false)
{
    private const int Names = 4;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Trouble = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    // Without the grace: what is checked is what leases guarantee.
    private static readonly LeaseSettings Settings = new() { Grace = TimeSpan.Zero };

    private readonly Random _random = new(seed);
    private readonly SimulatedLeases _leases = new(renewsWhatHasRunOut);
    private readonly List<SimulatedMember> _members = [];
    private readonly Dictionary<SimulatedMember, TimeSpan> _crashedAt = [];
    private TimeSpan _tableBackAt;
    private TimeSpan _now;

    /// <exception cref="MembershipViolation">A promise was broken; the message says which, and when.</exception>
    public void Run()
    {
        try
        {
            for (var i = 0; i < Names; i++)
            {
                Start(i);
            }

            for (; _now < Trouble; _now += Tick)
            {
                Disturb();
                Step();
            }

            Calm();
            for (; _now < Trouble + Quiet; _now += Tick)
            {
                Step();
            }

            CheckAgreement();
        }
        catch (MembershipViolation violation)
        {
            throw new MembershipViolation($"seed {seed}, at {_now.TotalSeconds:0.00} s: {violation.Message}");
        }
    }

    private void Start(int number) =>
        _members.Add(new SimulatedMember(NodeName.Parse($"n{number}"), Settings, _now, 1 + ((_random.NextDouble() - 0.5) * 0.0002)));

    private void Disturb()
    {
        // On average so many seconds between two of a kind.
        if (Happens(8) && _now > _tableBackAt)
        {
            _tableBackAt = _now + TimeSpan.FromMilliseconds(_random.Next(8_000));
        }

        if (onlyOutages)
        {
            return;
        }

        if (Happens(4))
        {
            Crash(_members[_random.Next(_members.Count)]);
        }

        if (Happens(3))
        {
            Start(_random.Next(Names));
        }

        if (Happens(5))
        {
            var member = _members[_random.Next(_members.Count)];
            member.IsCutOff = !member.IsCutOff;
        }
    }

    private bool Happens(double seconds) => _random.NextDouble() < Tick.TotalSeconds / seconds;

    private void Crash(SimulatedMember member)
    {
        if (!member.IsAlive)
        {
            return;
        }

        member.IsAlive = false;
        _crashedAt[member] = _now;
        foreach (var other in _members)
        {
            if (other.IsAlive && _random.Next(2) == 0)
            {
                other.Policy.Suspect(other.Clock(_now), member.Name);
            }
        }
    }

    private void Calm()
    {
        _tableBackAt = TimeSpan.Zero;
        foreach (var member in _members)
        {
            member.IsCutOff = false;
        }

        // Of several processes with one name all but one give up, as their users would have them.
        foreach (var name in _members.Where(member => member.IsAlive).GroupBy(member => member.Name))
        {
            foreach (var member in name.OrderByDescending(member => member.Policy.Incarnation).Skip(1))
            {
                Crash(member);
            }
        }
    }

    private void Step()
    {
        foreach (var member in _members)
        {
            if (member.IsAlive)
            {
                member.Step(_now, _leases, _now >= _tableBackAt, _random);
            }
        }

        CheckNames();
        CheckDetection();
        if (onlyOutages)
        {
            CheckNobodyIsMissing();
        }
    }

    private void CheckNames()
    {
        var holders = new Dictionary<NodeName, SimulatedMember>();
        foreach (var member in _members)
        {
            if (!member.IsMember(_now))
            {
                continue;
            }

            if (!_leases.IsHeld(member.Name, member.Policy.Incarnation, _now))
            {
                throw new MembershipViolation($"'{member.Name}' #{member.Policy.Incarnation} believes to be a member without a lease.");
            }

            if (!holders.TryAdd(member.Name, member))
            {
                throw new MembershipViolation($"Two processes are the member '{member.Name}': #{holders[member.Name].Policy.Incarnation} and #{member.Policy.Incarnation}.");
            }
        }
    }

    private void CheckDetection()
    {
        // A lease, the time to the next look, and the longest that an answer may take: a node may be cut off for that long without a renewal that fails.
        var limit = Settings.Lease + Settings.Renewal + SimulatedMember.Timeout + TimeSpan.FromSeconds(0.5);
        foreach (var (gone, at) in _crashedAt)
        {
            if (_now - at < limit)
            {
                continue;
            }

            foreach (var member in _members)
            {
                if (member.IsMember(_now) && member.TroubledUntil < at && _now > _tableBackAt + limit && gone.Policy.Incarnation != 0
                    && member.Policy.View.Find(gone.Name)?.Incarnation == gone.Policy.Incarnation)
                {
                    throw new MembershipViolation($"'{gone.Name}' #{gone.Policy.Incarnation} is gone for {(_now - at).TotalSeconds:0.0} s, and '{member.Name}' still sees it.");
                }
            }
        }
    }

    private void CheckNobodyIsMissing()
    {
        foreach (var member in _members)
        {
            // Once it has seen all, it never sees fewer.
            if (member.Policy.View.Members.Count < Names && _now > TimeSpan.FromSeconds(20) && member.TroubledUntil + TimeSpan.FromSeconds(5) < _now)
            {
                throw new MembershipViolation($"'{member.Name}' does not see all, though nobody ever ended.");
            }
        }
    }

    private void CheckAgreement()
    {
        var alive = _members.Where(member => member.IsAlive).OrderBy(member => member.Name).Select(member => (member.Name, member.Policy.Incarnation)).ToList();
        foreach (var member in _members.Where(member => member.IsAlive))
        {
            var seen = member.Policy.View.Members.Select(other => (other.Name, other.Incarnation)).ToList();
            if (!member.IsMember(_now) || !seen.SequenceEqual(alive))
            {
                throw new MembershipViolation($"'{member.Name}' sees {string.Join(", ", seen)}, but alive are {string.Join(", ", alive)}.");
            }
        }
    }
}
