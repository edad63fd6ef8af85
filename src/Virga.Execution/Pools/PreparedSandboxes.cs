using Virga.Execution.Instances;
using Virga.Execution.Memory;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>
/// One empty gVisor sandbox, made ahead and parked without CPU, for the next snapshot of one environment to continue in: making it is the
/// greater part of a restore.
/// </summary>
internal sealed class PreparedSandboxes(GenericPoolKey key, GvisorLauncher gvisor, InstanceStarter starter, InstanceServices services) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private (PreparedSandbox Sandbox, MemoryReservation Memory)? _ready;
    private bool _preparing;

    /// <summary>When one was last asked for, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastTakenAt { get; private set; } = services.Time.GetTimestamp();

    /// <summary>Gives one, made ahead or now, and the memory that is reserved for it.</summary>
    /// <exception cref="SandboxException">None can be made.</exception>
    public async Task<(PreparedSandbox Sandbox, MemoryReservation Memory)> TakeAsync(long memoryBytes, object taker, StartPriority priority, CancellationToken cancellation)
    {
        lock (_gate)
        {
            LastTakenAt = services.Time.GetTimestamp();
            if (_ready is { } ready)
            {
                _ready = null;
                if (!ready.Sandbox.Ended.IsCompleted && (SandboxSpec.MemoryLimit(key.Isolation, memoryBytes) is var needed && (needed <= ready.Memory.Bytes || ready.Memory.TryResize(needed))))
                {
                    return ready;
                }

                services.Tasks.Add(DisposeAsync(ready), "end of a prepared sandbox");
            }
        }

        return await PrepareAsync(memoryBytes, taker, priority, cancellation);
    }

    /// <summary>Ends the one that was made ahead; false when there is none.</summary>
    public bool TryGiveUp()
    {
        (PreparedSandbox Sandbox, MemoryReservation Memory)? ready;
        lock (_gate)
        {
            (ready, _ready) = (_ready, null);
        }

        if (ready is { } given)
        {
            services.Tasks.Add(DisposeAsync(given), "end of a prepared sandbox");
        }

        return ready is not null;
    }

    /// <summary>Makes the next one in the background.</summary>
    public void Refill()
    {
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested || _preparing || _ready is not null || services.Memory.Free < SandboxSpec.MemoryLimit(key.Isolation, key.Environment.Memory.Bytes) || starter.IsCrowded)
            {
                return;
            }

            _preparing = true;
        }

        services.Tasks.Add(AddOneAsync(), "preparing of a sandbox");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        (PreparedSandbox Sandbox, MemoryReservation Memory)? ready;
        lock (_gate)
        {
            (ready, _ready) = (_ready, null);
        }

        if (ready is { } left)
        {
            await DisposeAsync(left);
        }
    }

    private static async Task DisposeAsync((PreparedSandbox Sandbox, MemoryReservation Memory) ready)
    {
        try
        {
            await ready.Sandbox.DisposeAsync();
        }
        finally
        {
            ready.Memory.Dispose();
        }
    }

    private async Task AddOneAsync()
    {
        (PreparedSandbox Sandbox, MemoryReservation Memory)? made = null;
        try
        {
            made = await PrepareAsync(0, this, StartPriority.Background, _stopping.Token);
            await made.Value.Sandbox.ParkAsync(_stopping.Token);
        }
        finally
        {
            lock (_gate)
            {
                _preparing = false;
                if (!_stopping.IsCancellationRequested)
                {
                    _ready = made;
                    made = null;
                }
            }

            if (made is { } late)
            {
                await DisposeAsync(late);
            }
        }
    }

    private async Task<(PreparedSandbox Sandbox, MemoryReservation Memory)> PrepareAsync(long memoryBytes, object taker, StartPriority priority, CancellationToken cancellation)
    {
        var atFirst = key.Environment.Memory.Bytes;
        var request = new InstanceRequest(key, atFirst, Math.Max(atFirst, memoryBytes), 1, taker, priority);
        var memory = await services.Memory.ReserveAsync(request.ReservedBytes, taker, priority, cancellation);
        try
        {
            using var place = await starter.EnterAsync(request, cancellation);
            using var patience = new CancellationTokenSource(services.Options.StartTimeout, services.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
            return (await gvisor.PrepareAsync(starter.SpecOf(starter.NextId(), request), either.Token), memory);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            memory.Dispose();
            throw new SandboxException($"A gVisor sandbox was not ready within {services.Options.StartTimeout.TotalSeconds:0} s.", e);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }
}
