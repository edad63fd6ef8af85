using Virga.Cluster.Membership;
using Virga.Core.Names;

namespace Virga.Cluster.Tests.Simulation;

/// <summary>One process with a node's name: its policy, its own clock, and the one request that it has under way.</summary>
internal sealed class SimulatedMember(NodeName name, LeaseSettings settings, TimeSpan startedAt, double clockRate)
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly HashSet<(NodeName, long)> _removed = [];
    private TimeSpan _sentAt;
    private TimeSpan? _arrivesAt;
    private TimeSpan? _answersAt;
    private long? _claimed;
    private LeaseReading? _reading;

    public NodeName Name => name;

    public MembershipPolicy Policy { get; } = new(name, settings);

    public bool IsAlive { get; set; } = true;

    public bool IsCutOff { get; set; }

    /// <summary>Until when what failed may still make it merciful.</summary>
    public TimeSpan TroubledUntil { get; private set; }

    public TimeSpan Clock(TimeSpan now) => (now - startedAt) * clockRate;

    public bool IsMember(TimeSpan now) => IsAlive && Policy.IsMember(Clock(now));

    /// <summary>Does what is due at a moment.</summary>
    public void Step(TimeSpan now, SimulatedLeases leases, bool isTableUp, Random random)
    {
        var clock = Clock(now);
        if (_answersAt is null && _arrivesAt is null)
        {
            if (clock >= Policy.NextAt)
            {
                _sentAt = clock;
                _arrivesAt = now + Latency(random);
            }

            return;
        }

        if (now >= _arrivesAt && _answersAt is null && isTableUp && !IsCutOff)
        {
            _claimed = null;
            _reading = null;
            if (Policy.MustClaim)
            {
                _claimed = leases.Claim(name, settings.Lease, now);
            }
            else
            {
                _reading = leases.Renew(name, Policy.Incarnation, settings.Lease, now);
            }

            _answersAt = now + Latency(random);
        }
        else if (_answersAt <= now && isTableUp && !IsCutOff)
        {
            Answer(clock);
        }
        else if (clock - _sentAt > Timeout || (!isTableUp && random.Next(4) == 0))
        {
            Clear();
            TroubledUntil = now + (settings.Lease * 2);
            Policy.Fail(clock);
        }
    }

    private static TimeSpan Latency(Random random) => TimeSpan.FromMilliseconds(random.Next(20) == 0 ? random.Next(400) : random.Next(10));

    private void Answer(TimeSpan clock)
    {
        var (claimed, reading) = (_claimed, _reading);
        Clear();
        if (claimed is { } incarnation)
        {
            Policy.Claimed(_sentAt, incarnation);
        }
        else if (reading is not null)
        {
            Observe(reading);
        }
        else
        {
            // Another process has the name.
            Policy.Fail(clock);
        }
    }

    private void Observe(LeaseReading reading)
    {
        var before = Policy.View;
        Policy.Observe(_sentAt, reading);
        foreach (var member in before.Members)
        {
            if (Policy.View.Find(member.Name)?.Incarnation != member.Incarnation)
            {
                _removed.Add((member.Name, member.Incarnation));
            }
        }

        foreach (var member in Policy.View.Members)
        {
            if (_removed.Contains((member.Name, member.Incarnation)))
            {
                throw new MembershipViolation($"'{member.Name}' #{member.Incarnation} was taken out of the view of '{name}' and has come back.");
            }

            if (before.Find(member.Name) is { } earlier && earlier.Incarnation > member.Incarnation)
            {
                throw new MembershipViolation($"'{member.Name}' went back from #{earlier.Incarnation} to #{member.Incarnation} in the view of '{name}'.");
            }
        }
    }

    private void Clear() => (_arrivesAt, _answersAt, _claimed, _reading) = (null, null, null, null);
}
