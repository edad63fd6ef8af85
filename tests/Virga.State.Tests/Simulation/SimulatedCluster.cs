using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Logs;
using Virga.State.Sessions;
using Virga.State.Time;

namespace Virga.State.Tests.Simulation;

/// <summary>What is wrong in a world.</summary>
internal sealed record ClusterFaults
{
    public NetworkFaults Network { get; init; } = new();

    public double StoreFailureChance { get; init; }

    public double SlowestStore { get; init; } = 3;

    public double SlowestSync { get; init; } = 1;

    /// <summary>How wrong a node's calendar may be.</summary>
    public TimeSpan Skew { get; init; }

    /// <summary>How long it may take until a node learns that another has come or gone.</summary>
    public double SlowestView { get; init; } = 100;

    public Durability Durability { get; init; } = Durability.Sync;

    public StateCacheOptions Cache { get; init; } = new();

    public SessionOptions Sessions { get; init; } = new();

    /// <summary>What the code under test is made to do wrong.</summary>
    public PlantedBug Bug { get; init; }
}

/// <summary>Nodes with all of the real code, on a simulated network, store, disk and clock.</summary>
internal sealed class SimulatedCluster
{
    private readonly ClusterFaults _faults;
    private readonly SimulatedDisk[] _disks;
    private readonly TimeSpan[] _skews;
    private long _incarnation;

    public SimulatedCluster(SimulatedWorld world, int nodes, ClusterFaults faults)
    {
        World = world;
        _faults = faults;
        Network = new SimulatedNetwork(world, faults.Network);
        Store = new SimulatedStore(world, faults.SlowestStore) { FailureChance = faults.StoreFailureChance };
        _disks = new SimulatedDisk[nodes];
        _skews = new TimeSpan[nodes];
        Nodes = new SimulatedNode?[nodes];
        for (var i = 0; i < nodes; i++)
        {
            _disks[i] = new SimulatedDisk(new ReplicaId(world.Random.Next() | 1));
            _skews[i] = faults.Skew * ((2 * world.Random.NextDouble()) - 1);
        }
    }

    public SimulatedWorld World { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedStore Store { get; }

    /// <summary>The running nodes; null where one is down.</summary>
    public SimulatedNode?[] Nodes { get; }

    public IEnumerable<SimulatedNode> Alive => Nodes.Where(static node => node is not null)!;

    /// <summary>Told of every node that starts, before it serves.</summary>
    public Action<SimulatedNode> Started { get; set; } = static _ => { };

    public SimulatedNode this[int index] => Nodes[index] ?? throw new InvalidOperationException("The node is down.");

    public async Task StartAllAsync()
    {
        for (var i = 0; i < Nodes.Length; i++)
        {
            await StartAsync(i);
        }

        // All know each other before anything happens.
        var members = Members();
        foreach (var node in Alive)
        {
            node.Link.Show(members);
        }
    }

    public async Task StartAsync(int index)
    {
        var name = NodeName.Parse($"n{index}");
        var time = new SimulatedTime(World, _skews[index]);
        var member = new ClusterMember(name, ++_incarnation, $"10.0.0.{index}:1", 0);
        var members = Alive.Select(static node => node.Member).Append(member).OrderBy(static m => m.Name).ToList();
        var link = new SimulatedLink(name, Network, new ClusterView(1, members));
        var log = new SimulatedLog(World, _disks[index], _faults.Durability, TimeSpan.FromMilliseconds(_faults.SlowestSync), _faults.Bug);
        var clock = new HybridClock(time);
        var cache = new StateCache(_disks[index].Replica, Store.For(time), log, link, clock, time, _faults.Cache);
        var engine = new StateEngine(cache, time, link, clock, _faults.Sessions, () => new SessionId(((UInt128)World.Random.Next() << 64) | World.Random.Next()));
        var node = new SimulatedNode(member, time, link, log, cache, engine);
        Started(node);
        Network.Connect(link);
        await cache.OpenAsync(CancellationToken.None);
        Nodes[index] = node;
        World.Trace("start", (ulong)index);
        Announce();
    }

    /// <summary>The power of one node goes.</summary>
    public void Crash(int index)
    {
        var node = this[index];
        Nodes[index] = null;
        node.Time.IsDead = true;
        Network.Disconnect(node.Link);
        node.Log.Cut();
        node.Died.TrySetResult();
        World.Trace("crash", (ulong)index);
        Announce();
    }

    /// <summary>Each node learns when it learns, and may miss what came and went in between.</summary>
    private void Announce()
    {
        foreach (var node in Alive)
        {
            World.After(World.Between(Math.Min(50, _faults.SlowestView), _faults.SlowestView), () => node.Link.Show(Members()));
        }
    }

    private List<ClusterMember> Members() => [.. Alive.Select(static node => node.Member).OrderBy(static member => member.Name)];
}

/// <summary>One run of a node.</summary>
internal sealed record SimulatedNode(ClusterMember Member, SimulatedTime Time, SimulatedLink Link, SimulatedLog Log, StateCache Cache, StateEngine Engine)
{
    public NodeName Name => Member.Name;

    /// <summary>Ends when the node does.</summary>
    public TaskCompletionSource Died { get; } = new();

    public bool IsDead => Time.IsDead;
}
