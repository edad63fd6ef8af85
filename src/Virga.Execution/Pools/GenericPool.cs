using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>
/// Generic warm instances of one environment, from the moment it is first needed. Who takes one has its place refilled in
/// the background; who finds none starts one. Nothing is kept here of what a function did: an instance never comes back.
/// </summary>
internal sealed class GenericPool(GenericPoolKey key, InstanceStarter starter, InstanceServices services) : IAsyncDisposable
{
    private static readonly TimeSpan RateMemory = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();

    // The oldest goes first: a worker goes on warming itself for a while after it has said that it is ready.
    private readonly Queue<Instance> _ready = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ArrivalRate _takes = new(RateMemory, services.Time.TimestampFrequency);
    private int _target = key.Environment.PoolSize;
    private TimeSpan _startDuration;
    private int _starting;
    private Problem? _lastFailure;

    public GenericPoolKey Key { get; } = key;

    /// <summary>How many it keeps ready.</summary>
    public int Target => Volatile.Read(ref _target);

    /// <summary>When it was last asked for an instance, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastTakenAt { get; private set; } = services.Time.GetTimestamp();

    /// <summary>How many are ready, how many are starting, and why the last start failed, if it did.</summary>
    public (int Ready, int Starting, Problem? LastFailure) Status
    {
        get
        {
            lock (_gate)
            {
                return (_ready.Count, _starting, _lastFailure);
            }
        }
    }

    /// <summary>
    /// Gives a generic instance: a ready one, or one started now. The caller calls <see cref="Refill"/> once its instance is
    /// specialised: a start beside it would take the processor from the call that waits.
    /// </summary>
    /// <param name="memoryBytes">The memory that it will need, reserved for it now.</param>
    /// <param name="taker">On whose behalf.</param>
    /// <param name="priority">Whether a call waits for it.</param>
    /// <exception cref="ProblemException">None can be started.</exception>
    public async Task<Instance> TakeAsync(long memoryBytes, object taker, StartPriority priority, CancellationToken cancellation)
    {
        Instance? ready = null;
        lock (_gate)
        {
            LastTakenAt = services.Time.GetTimestamp();
            _takes.Note(LastTakenAt);
            while (ready is null && _ready.TryPeek(out var candidate))
            {
                if (!candidate.HasEnded && !candidate.TryReserve(memoryBytes))
                {
                    // What it lacks is not free. It is not waited for by who holds memory already.
                    break;
                }

                _ready.Dequeue();
                ready = candidate.HasEnded ? null : candidate;
            }
        }

        return ready ?? await starter.StartAsync(Request(memoryBytes, taker, priority), cancellation);
    }

    /// <summary>What one more instance of it is.</summary>
    public InstanceRequest Request(long memoryBytes, object taker, StartPriority priority) => new(Key, Memory, Math.Max(Memory, memoryBytes), 1, taker, priority);

    /// <summary>Ends one that is only kept ready; null when there is none.</summary>
    public Instance? TryGiveUp()
    {
        Instance? given;
        lock (_gate)
        {
            _ready.TryDequeue(out given);
        }

        if (given is not null)
        {
            services.Tasks.Add(given.StopAsync(), "end of a generic instance");
        }

        return given;
    }

    /// <summary>Sets <see cref="Target"/> by how often instances were taken lately; those above it end.</summary>
    public void Adapt()
    {
        var environment = Key.Environment;
        int surplus;
        lock (_gate)
        {
            var rate = _takes.PerSecond(services.Time.GetTimestamp());
            Volatile.Write(ref _target, environment.PoolSize == 0 ? 0 : PoolSizing.Target(rate, _startDuration, environment.PoolSize, environment.MaxPoolSize));
            surplus = _ready.Count - _target;
        }

        while (surplus-- > 0)
        {
            TryGiveUp();
        }

        Refill();
    }

    /// <summary>Starts in the background what is missing to <see cref="Target"/>.</summary>
    public void Refill()
    {
        lock (_gate)
        {
            // One at a time: starts are bounded per node, and no environment may take them all. None that others would have to give memory back for, or that calls would wait behind;
            // the next look at the load tries again.
            if (_stopping.IsCancellationRequested || _starting > 0 || _ready.Count >= Target || services.Memory.Free < SandboxSpec.MemoryLimit(Key.Isolation, Memory) || starter.IsCrowded)
            {
                return;
            }

            _starting++;
        }

        services.Tasks.Add(AddOneAsync(), "refill of a pool");
    }

    /// <summary>Ends the instances that are kept ready.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Instance[] ready;
        lock (_gate)
        {
            ready = [.. _ready];
            _ready.Clear();
        }

        foreach (var instance in ready)
        {
            await instance.DisposeAsync();
        }
    }

    private long Memory => Key.Environment.Memory.Bytes;

    private async Task AddOneAsync()
    {
        Instance? instance = null;
        Problem? failure = null;
        var began = services.Time.GetTimestamp();
        try
        {
            instance = await starter.StartAsync(Request(Memory, this, StartPriority.Background), _stopping.Token);
        }
        catch (ProblemException e)
        {
            // Who needs an instance starts one and is told; the pool tries again when next asked.
            failure = e.Problem;
        }
        finally
        {
            lock (_gate)
            {
                _starting--;
                _lastFailure = failure;
                if (failure is null)
                {
                    _startDuration = services.Time.GetElapsedTime(began);
                }

                if (instance is not null && !_stopping.IsCancellationRequested)
                {
                    _ready.Enqueue(instance);
                    instance = null;
                }
            }
        }

        if (instance is not null)
        {
            await instance.DisposeAsync();
        }
        else if (failure is null)
        {
            Refill();
        }
    }
}
