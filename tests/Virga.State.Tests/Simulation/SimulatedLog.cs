using Virga.State.Keys;
using Virga.State.Logs;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Tests.Simulation;

/// <summary>A log on a simulated disk. A power cut takes what was not synced, or a random part of its end.</summary>
internal sealed class SimulatedLog(SimulatedWorld world, SimulatedDisk disk, Durability durability, TimeSpan slowestSync, PlantedBug bug = PlantedBug.None) : IDeltaLog
{
    private readonly List<(long Position, TaskCompletionSource Done)> _waiting = [];
    private bool _isSyncing;

    public bool IsDead { get; private set; }

    public long DurablePosition => disk.Durable;

    public ValueTask OpenAsync(Action<StateDelta> recovered, CancellationToken cancellation)
    {
        disk.Deltas.ForEach(recovered);
        disk.Durable = disk.End;
        return ValueTask.CompletedTask;
    }

    public long Append(StateKey key, StateRecord delta)
    {
        // The dead write nothing; that they still run is the simulation's own doing.
        if (!IsDead)
        {
            disk.Deltas.Add(new StateDelta(key, delta));
            Sync();
        }

        return disk.End;
    }

    public ValueTask AcknowledgedAsync(long position, CancellationToken cancellation) =>
        IsDead ? new ValueTask(Forever()) : durability == Durability.Interval || bug == PlantedBug.AcknowledgesEarly ? ValueTask.CompletedTask : WaitAsync(position, cancellation);

    public ValueTask DurableAsync(long position, CancellationToken cancellation) => WaitAsync(position, cancellation);

    private async ValueTask WaitAsync(long position, CancellationToken cancellation)
    {
        if (IsDead)
        {
            await Forever();
        }

        if (position > disk.Durable)
        {
            var done = new TaskCompletionSource();
            _waiting.Add((position, done));
            await done.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Segments that were begun.</summary>
    public int Rotations { get; private set; }

    public long Rotate()
    {
        Rotations++;
        return disk.End;
    }

    public void Truncate(long before)
    {
        if (!IsDead && before > disk.First)
        {
            disk.Deltas.RemoveRange(0, (int)(before - disk.First));
            disk.First = before;
        }
    }

    /// <summary>The power goes.</summary>
    public void Cut()
    {
        IsDead = true;
        var unsynced = (int)(disk.End - disk.Durable);
        if (unsynced > 0)
        {
            var lost = world.Random.Next(unsynced + 1);
            disk.Deltas.RemoveRange(disk.Deltas.Count - lost, lost);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Task Forever() => new TaskCompletionSource().Task;

    private void Sync()
    {
        if (_isSyncing)
        {
            return;
        }

        _isSyncing = true;
        var start = durability == Durability.Sync ? TimeSpan.Zero : TimeSpan.FromMilliseconds(20);
        world.After(start, () =>
        {
            var end = disk.End;
            world.After(world.Between(0.05, slowestSync.TotalMilliseconds), () => Synced(end));
        });
    }

    private void Synced(long end)
    {
        if (IsDead)
        {
            return;
        }

        disk.Durable = Math.Max(disk.Durable, end);
        _isSyncing = false;
        foreach (var (_, done) in _waiting.FindAll(waiting => waiting.Position <= disk.Durable))
        {
            done.SetResult();
        }

        _waiting.RemoveAll(waiting => waiting.Position <= disk.Durable);
        if (disk.End > disk.Durable)
        {
            Sync();
        }
    }
}
