using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Instances;

/// <content>Being frozen and woken, and what it occupies meanwhile.</content>
internal sealed partial class Instance
{
    // Freezing and thawing take turns; what is read without it is volatile.
    private readonly Lock _tierGate = new();
    private volatile InstanceTier _tier = InstanceTier.Warm;
    private volatile bool _settling;
    private long _residentSince;
    private long _residentBytes;

    /// <summary>Whether it can be stopped and its memory be pushed out.</summary>
    public bool CanFreeze => _process.CanFreeze;

    /// <summary>Whether freezing it frees most of its memory: there is swap to push it out to.</summary>
    public bool CanPushOut => _process.CanPushOut;

    /// <summary>Its share of the node's memory, in bytes; 0 once it has ended.</summary>
    public long ReservedBytes => _memory.Bytes;

    /// <summary>Whether it is frozen, its memory pushed out.</summary>
    public bool IsFrozen => _tier == InstanceTier.Frozen && !_settling;

    /// <summary>Whether a change of its tier is not over yet.</summary>
    public bool IsSettling => _settling;

    /// <summary>Whether it is being ended.</summary>
    public bool IsDoomed => _killedBecause is not null;

    /// <summary>When it was frozen, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long FrozenSince { get; private set; }

    /// <summary>When it was last woken, as <see cref="TimeProvider.GetTimestamp"/>; 0 when it never was.</summary>
    public long WokenAt { get; private set; }

    /// <summary>Makes the share of the node's memory large enough for a worker that may have so much; false when that is not free at once.</summary>
    public bool TryReserve(long workerBytes) => _process.MemoryLimit(workerBytes) is var bytes && (bytes <= _memory.Bytes || _memory.TryResize(bytes));

    /// <summary>Says that <see cref="FreezeAsync"/> comes next, unless <see cref="TryThaw"/> comes before it.</summary>
    public void BeginFreeze()
    {
        _settling = true;
        _tier = InstanceTier.Frozen;
    }

    /// <summary>Stops it and pushes its memory out; its share of the node's memory shrinks to what stays.</summary>
    /// <returns>Whether it is frozen now: not when it was woken meanwhile, and not when the kernel refused.</returns>
    public async Task<bool> FreezeAsync()
    {
        ReportResidency(InstanceTier.Warm);
        try
        {
            Task<bool> freezing;
            lock (_tierGate)
            {
                if (_tier != InstanceTier.Frozen)
                {
                    _settling = false;
                    return false;
                }

                // The kernel is told before the first await: a thaw that comes later finds it frozen.
                freezing = _process.FreezeAsync(pushOutMemory: true, CancellationToken.None, OnStopped);
            }

            var frozen = await freezing;
            var resident = _process.ResidentBytes();
            lock (_tierGate)
            {
                _settling = false;
                if (!frozen || _tier != InstanceTier.Frozen)
                {
                    return false;
                }

                FrozenSince = _services.Time.GetTimestamp();
                Volatile.Write(ref _residentBytes, resident);
                _memory.TryResize(Math.Min(resident, _memory.Bytes));
                return true;
            }
        }
        catch (SandboxException e)
        {
            LogFreezeFailed(_services.Logger, Id, e);
            lock (_tierGate)
            {
                _settling = false;
                _tier = InstanceTier.Warm;
            }

            return false;
        }
    }

    // What is stopped cannot grow: it need not hold what it might have used until its turn to be pushed out comes.
    private void OnStopped()
    {
        var bytes = _process.MemoryBytes();
        lock (_tierGate)
        {
            if (_tier == InstanceTier.Frozen && bytes < _memory.Bytes)
            {
                _memory.TryResize(bytes);
            }
        }
    }

    /// <summary>Lets it run again, if the memory that it may then use is free; it may be called while it is still being frozen.</summary>
    public bool TryThaw()
    {
        lock (_tierGate)
        {
            if (!TryReserve(Function!.Spec.Memory.Bytes))
            {
                return false;
            }

            _tier = InstanceTier.Warm;
            WokenAt = _services.Time.GetTimestamp();
            try
            {
                _process.Thaw();
            }
            catch (SandboxException e)
            {
                LogThawFailed(_services.Logger, Id, e);
                Kill("it could not be woken");
                return false;
            }
        }

        Account(InstanceTier.Frozen, Volatile.Read(ref _residentBytes));
        return true;
    }

    /// <summary>Says for how long it has occupied what, since that was last said. Reads the kernel's files.</summary>
    public void ReportResidency()
    {
        // On the way to another tier, who changes it says so.
        if (!_settling)
        {
            ReportResidency(_tier);
        }
    }

    private void ReportResidency(InstanceTier tier)
    {
        var bytes = _process.ResidentBytes();
        Volatile.Write(ref _residentBytes, bytes);
        Account(tier, bytes);
    }

    private void Account(InstanceTier tier, long bytes)
    {
        var now = _services.Time.GetTimestamp();
        var since = Interlocked.Exchange(ref _residentSince, now);
        if (Function is { } function && since != 0 && now > since)
        {
            _services.Residency.Resident(function, tier, _services.Time.GetElapsedTime(since, now), bytes);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Instance {Instance} could not be frozen")]
    private static partial void LogFreezeFailed(ILogger logger, string instance, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Instance {Instance} could not be woken")]
    private static partial void LogThawFailed(ILogger logger, string instance, Exception exception);
}
