using System.Globalization;
using System.Text;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Sessions;
using Virga.State.Stores;
using Virga.State.Updates;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Simulation;

/// <summary>
/// What clients do: sessions of all levels that go over several nodes, with branches that part and meet. Keys are of three sorts: those of plain sessions
/// (registers, counters, sets), those of causal ones (registers with siblings, counters), and one that many want to be the first to write.
/// </summary>
internal sealed class Workload(SimulatedCluster cluster, AnomalyChecker checker, HistoryPlan plan)
{
    private static readonly string[] Plain = ["r0", "r1", "r2", "c0", "c1", "s0"];
    private static readonly string[] Causal = ["x0", "x1", "x2", "x3", "y0", "y1"];

    private readonly SimulatedWorld _world = cluster.World;
    private int _unique;

    public int Operations { get; private set; }

    public int SessionsLost { get; private set; }

    /// <summary>One session, from its beginning on some node to its end, or until it is lost.</summary>
    public async Task RunSessionAsync(string who)
    {
        var level = (Consistency)_world.Random.Next(5);
        if (AnyNode() is not { } node)
        {
            return;
        }

        var branch = new BranchState { Node = node, Session = node.Engine.Begin(level) };
        try
        {
            var parts = _world.Random.Chance(0.4);
            await RunStepAsync(branch, level, who);
            if (parts)
            {
                branch = await PartAndMeetAsync(branch, level, who);
            }

            for (var steps = _world.Random.Next(3); steps > 0; steps--)
            {
                branch = await MoveAsync(branch, level);
                await RunStepAsync(branch, level, who);
            }

            if (branch.Session is { } session)
            {
                branch.Node.Engine.End(session);
            }
        }
        catch (SessionLostException)
        {
            SessionsLost++;
        }
        catch (NodeGoneException)
        {
            // The function's node died, and its caller would start anew.
        }
    }

    private async Task<BranchState> PartAndMeetAsync(BranchState branch, Consistency level, string who)
    {
        var left = await MoveAsync(branch, level);
        var right = await MoveAsync(branch, level);

        // Side by side: each in its own order of events.
        var leftRun = RunStepAsync(left, level, $"{who}, left");
        await RunStepAsync(right, level, $"{who}, right");
        await leftRun;
        var target = AnyNode() ?? throw new NodeGoneException();
        left = await MoveAsync(left, level, target);
        right = await MoveAsync(right, level, target);
        if (left.Session is { } session)
        {
            left.Session = target.Engine.Join([session, right.Session!]);
        }

        if (level is Consistency.Causal or Consistency.RepeatableRead)
        {
            left.Join(right);
        }

        return left;
    }

    /// <summary>The session goes on, on some node.</summary>
    private async Task<BranchState> MoveAsync(BranchState from, Consistency level, SimulatedNode? target = null)
    {
        Alive(from.Node);
        target ??= AnyNode() ?? throw new NodeGoneException();
        var metadata = from.Session is { } session ? from.Node.Engine.Export(session).ToArray() : [];
        await _world.Pause(_world.Between(0.1, 2));
        Alive(target);
        var moved = from.CopyTo(target);
        if (level is not (Consistency.Causal or Consistency.RepeatableRead))
        {
            moved.Knowledge = new Knowledge();
        }

        moved.Session = from.Session is null ? null
            : plan.Faults.Bug == PlantedBug.ForgetsSession && _world.Random.Chance(0.2) ? target.Engine.Import(Scope.Default, from.Node.Engine.Export(new StateSession(from.Session.Id, level)).Span)
            : target.Engine.Import(Scope.Default, metadata);
        return moved;
    }

    private async Task RunStepAsync(BranchState branch, Consistency level, string who)
    {
        var isCausal = level is Consistency.SingleKey or Consistency.MultiKey or Consistency.Causal;
        for (var operations = 1 + _world.Random.Next(4); operations > 0; operations--)
        {
            Operations++;
            var key = _world.Random.Pick(isCausal ? Causal : Plain);
            if (!isCausal && _world.Random.Chance(0.03))
            {
                await LockAsync(branch);
            }
            else if (_world.Random.Chance(0.55))
            {
                await ReadAsync(branch, level, key, who);
            }
            else
            {
                await WriteAsync(branch, level, key, who);
            }

            await _world.Pause(_world.Between(0, 3));
        }
    }

    private async Task ReadAsync(BranchState branch, Consistency level, string key, string who)
    {
        var engine = branch.Node.Engine;
        var session = plan.Faults.Bug == PlantedBug.ReadsNewer && level == Consistency.RepeatableRead && _world.Random.Chance(0.05) ? null : branch.Session;
        Alive(branch.Node);
        if (!engine.TryRead(session, Key(key), out var record))
        {
            (var isDone, record) = await OnAsync(branch.Node, () => engine.ReadAsync(session, Key(key), CancellationToken.None));
            if (!isDone)
            {
                return;
            }
        }

        switch (level)
        {
            case Consistency.RepeatableRead:
                Repeat(branch, key, record, who);
                break;
            case Consistency.MultiKey or Consistency.Causal:
                checker.Read(branch.Knowledge, key, record, who);
                break;
            case var _ when engine.TryRead(session, Key(key), out record):
                // What was awaited may be told later than another's read of a newer version: only what is here now says what the cache shows.
                checker.Shown(branch.Node, key, record);
                break;
            default:
                break;
        }
    }

    private void Repeat(BranchState branch, string key, StateRecord? record, string who)
    {
        var version = record?.Version ?? StateVersion.Absent;
        _world.Trace("repeats", version.Upper, version.Lower);
        var isWritten = false;
        if (branch.Expected.TryGetValue(key, out var expected))
        {
            isWritten = expected.IsWritten;
            if (!expected.Versions.Contains(version))
            {
                checker.Report($"repeatable read: {who} reads {key} in the version {version} on {branch.Node.Name}; the session has {string.Join(" or ", expected.Versions)}.");
            }
        }

        branch.Expected[key] = ([version], isWritten);
    }

    private async Task WriteAsync(BranchState branch, Consistency level, string key, string who)
    {
        Alive(branch.Node);
        var node = branch.Node;
        var amount = key[0] is 'c' or 'y' ? 1 + _world.Random.Next(3) : 0;
        var done = false;
        StateRecord? record = null;
        try
        {
            (done, record) = await OnAsync(node, async () => (StateRecord?)await node.Engine.ApplyAsync(branch.Session, Key(key), Mutation(key, amount), CancellationToken.None));
        }
        catch (NodeGoneException) when (amount > 0 && level is Consistency.Lww or Consistency.RepeatableRead)
        {
            checker.Counted(node, key, amount, null);
            throw;
        }

        if (!done || record is null)
        {
            // Refused before anything was done.
            return;
        }

        if (amount > 0 && level is Consistency.Lww or Consistency.RepeatableRead)
        {
            checker.Counted(node, key, amount, record);
        }
        else
        {
            checker.Acknowledge(node, key, record);
        }

        switch (level)
        {
            case Consistency.RepeatableRead:
                branch.Expected[key] = ([record.Version], true);
                break;
            case Consistency.SingleKey:
                checker.Wrote(new Knowledge(), key, record, node.Cache.Id, amount, who);
                break;
            case Consistency.MultiKey or Consistency.Causal:
                checker.Wrote(branch.Knowledge, key, record, node.Cache.Id, amount, who);
                break;
            default:
                break;
        }
    }

    private async Task LockAsync(BranchState branch)
    {
        var node = branch.Node;
        try
        {
            var (done, held) = await OnAsync(node, async () =>
                (await node.Engine.ApplyIfAsync(null, Key("lock"), new StateCondition(StateVersion.Absent), Put(node.Name.Value), CancellationToken.None)).Held);
            checker.Locked(done && held, !done);
        }
        catch (NodeGoneException)
        {
            checker.Locked(held: false, perhaps: true);
            throw;
        }
    }

    private StateMutation Mutation(string key, int amount) => key[0] switch
    {
        'c' or 'y' => new IncrementMutation(amount),
        's' => StateUpdate.Parse(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$$"""{"set":{"add":[{{{_unique++}}}]}}"""))),
        _ => Put(string.Create(CultureInfo.InvariantCulture, $"{_unique++}")),
    };

    /// <summary>Carries something out on a node; false when the platform refuses it for now.</summary>
    /// <exception cref="NodeGoneException">The node died meanwhile: nobody knows.</exception>
    private static async Task<(bool IsDone, T? Result)> OnAsync<T>(SimulatedNode node, Func<ValueTask<T>> operation)
    {
        Alive(node);
        var running = operation().AsTask();
        await Task.WhenAny(running, node.Died.Task);
        Alive(node);
        try
        {
            return (true, await running);
        }
        catch (ProblemException)
        {
            return (false, default);
        }
    }

    private static void Alive(SimulatedNode node)
    {
        if (node.IsDead)
        {
            throw new NodeGoneException();
        }
    }

    private SimulatedNode? AnyNode()
    {
        var alive = cluster.Alive.ToList();
        return alive.Count == 0 ? null : _world.Random.Pick(alive);
    }

    private sealed class NodeGoneException : Exception;
}
