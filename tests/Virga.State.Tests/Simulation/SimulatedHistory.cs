using System.Globalization;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.State.Keys;
using Virga.State.Logs;

namespace Virga.State.Tests.Simulation;

/// <summary>
/// One history: clients run sessions over the nodes of a cluster, while whatever can go wrong does; then all is mended, and what is there must be what was promised.
/// </summary>
internal sealed class SimulatedHistory
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    private readonly SimulatedWorld _world;
    private readonly HistoryPlan _plan;
    private readonly SimulatedCluster _cluster;
    private readonly AnomalyChecker _checker;
    private readonly Workload _workload;
    private int _running;

    private SimulatedHistory(ulong seed, PlantedBug bug, Action<string>? listener)
    {
        _world = new SimulatedWorld(seed) { Listener = listener };
        _plan = HistoryPlan.Of(_world, bug);
        _cluster = new SimulatedCluster(_world, _plan.Nodes, _plan.Faults);
        _checker = new AnomalyChecker(_world);
        _workload = new Workload(_cluster, _checker, _plan);
        var merged = new List<(StateKey Key, Virga.State.Records.StateRecord Record)>();
        _cluster.Store.Merged = (key, record) => merged.Add((key, record));
        _cluster.Store.Committed = () =>
        {
            merged.ForEach(item => _checker.Stored(_cluster.Store, item.Key, item.Record));
            merged.Clear();
        };
        Bugs.Plant(_cluster, bug);
    }

    /// <summary>Runs the history of a seed.</summary>
    /// <returns>What it was, and what was wrong in it.</returns>
    public static HistoryResult Run(ulong seed, PlantedBug bug = PlantedBug.None, Action<string>? listener = null)
    {
        var history = new SimulatedHistory(seed, bug, listener);
        try
        {
            history._world.Run(history.RunAsync, Limit);
        }
        catch (TimeoutException e)
        {
            history._checker.Report($"stuck: {e.Message}");
        }

        return new HistoryResult(seed, history._world.TraceHash, history._workload.Operations, history._workload.SessionsLost, history._checker.Anomalies);
    }

    private async Task RunAsync()
    {
        await _cluster.StartAllAsync();
        _running = _plan.Clients;
        await Task.WhenAll([.. Enumerable.Range(0, _plan.Clients).Select(RunClientAsync), RunFaultsAsync()]);
        await SettleAsync();
        _checker.CheckEnd(_cluster);
        if (_plan.IsCalm && _workload.SessionsLost > 0)
        {
            _checker.Report($"lost sessions: {_workload.SessionsLost}, although nothing went wrong.");
        }
    }

    private async Task RunClientAsync(int client)
    {
        for (var i = 0; i < _plan.SessionsEach; i++)
        {
            await _workload.RunSessionAsync(string.Create(CultureInfo.InvariantCulture, $"client {client}, session {i}"));
            await _world.Pause(_world.Between(0.1, 30));
        }

        _running--;
        _world.Trace("client ends", (ulong)client);
    }

    private async Task RunFaultsAsync()
    {
        while (_running > 0 && (_plan.Crashes || _plan.Cuts || _plan.Outages))
        {
            await _world.Pause(_world.Between(5, 150));
            var index = _world.Random.Next(_plan.Nodes);
            switch (_world.Random.Next(3))
            {
                case 0 when _plan.Crashes && _cluster.Nodes[index] is { } node && _cluster.Alive.Count() > 1:
                    _cluster.Crash(index);
                    if (_plan.Faults.Durability == Durability.Interval)
                    {
                        _checker.Crashed(node, TimeSpan.FromMilliseconds(21 + (2 * _plan.Faults.SlowestSync)));
                    }

                    _world.After(_world.Between(1, 400), () => _ = _cluster.StartAsync(index));
                    break;
                case 1 when _plan.Cuts:
                    _cluster.Network.Cut(NodeName.Parse($"n{index}"), NodeName.Parse($"n{_world.Random.Next(_plan.Nodes)}"));
                    _world.After(_world.Between(10, 1000), _cluster.Network.Heal);
                    break;
                case 2 when _plan.Outages:
                    _cluster.Store.IsReachable = false;
                    _world.After(_world.Between(10, 500), () => _cluster.Store.IsReachable = true);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Everything works again; after a while all caches and the store must be equal.</summary>
    private async Task SettleAsync()
    {
        _world.Trace("settles");
        _cluster.Network.IsFaultless = true;
        _cluster.Store.FailureChance = 0;
        await _world.Pause(TimeSpan.FromSeconds(2));
        _cluster.Network.Heal();
        _cluster.Store.IsReachable = true;
        foreach (var node in _cluster.Alive)
        {
            await node.Cache.FlushAsync(CancellationToken.None);
        }

        var end = _world.Now + TimeSpan.FromSeconds(40).Ticks;
        while (AnomalyChecker.Difference(_cluster) is { } difference)
        {
            if (_world.Now > end)
            {
                _checker.Report($"convergence: {difference}.");
                return;
            }

            await _world.Pause(TimeSpan.FromMilliseconds(250));
        }
    }
}

/// <summary>What became of a history.</summary>
internal sealed record HistoryResult(ulong Seed, ulong TraceHash, int Operations, int SessionsLost, IReadOnlyList<string> Anomalies);
