using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Instances;

/// <content>Being frozen and woken, and what it occupies meanwhile.</content>
internal sealed partial class Instance
{
    private readonly Lock _tierGate = new();
    private InstanceTier _tier = InstanceTier.Warm;
    private bool _settling;
    private long _residentSince;

    /// <summary>Whether it can be stopped and its memory be pushed out.</summary>
    public bool CanFreeze => _process.CanFreeze;

    /// <summary>Whether freezing it frees most of its memory: there is swap to push it out to.</summary>
    public bool CanPushOut => _process.CanPushOut;

    /// <summary>Its share of the node's memory, in bytes; 0 once it has ended.</summary>
    public long ReservedBytes => _memory.Bytes;

    /// <summary>Whether it is frozen, its memory pushed out.</summary>
    public bool IsFrozen
    {
        get
        {
            lock (_tierGate)
            {
                return _tier == InstanceTier.Frozen && !_settling;
            }
        }
    }

    /// <summary>Whether a change of its tier is not over yet.</summary>
    public bool IsSettling
    {
        get
        {
            lock (_tierGate)
            {
                return _settling;
            }
        }
    }

    /// <summary>When it was frozen, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long FrozenSince { get; private set; }

    /// <summary>When it was last woken, as <see cref="TimeProvider.GetTimestamp"/>; 0 when it never was.</summary>
    public long WokenAt { get; private set; }

    /// <summary>Stops it and pushes its memory out; its share of the node's memory shrinks to what stays.</summary>
    /// <returns>Whether it is frozen now: not when it was woken meanwhile, and not when the kernel refused.</returns>
    public async Task<bool> FreezeAsync()
    {
        lock (_tierGate)
        {
            ReportResidencyHere();
            _tier = InstanceTier.Frozen;
            _settling = true;
        }

        try
        {
            var frozen = await _process.FreezeAsync(pushOutMemory: true, CancellationToken.None);
            lock (_tierGate)
            {
                _settling = false;
                if (!frozen || _tier != InstanceTier.Frozen)
                {
                    return false;
                }

                FrozenSince = _services.Time.GetTimestamp();
                _memory.TryResize(_process.ResidentBytes());
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

    /// <summary>Lets it run again, if the memory that it may then use is free; it may be called while it is still being frozen.</summary>
    public bool TryThaw()
    {
        lock (_tierGate)
        {
            if (!_memory.TryResize(Function!.Spec.Memory.Bytes))
            {
                return false;
            }

            Thaw();
            return true;
        }
    }

    /// <summary>Lets it run again, as soon as the memory that it may then use is free.</summary>
    public async Task ThawAsync(CancellationToken cancellation)
    {
        await _memory.ResizeAsync(Function!.Spec.Memory.Bytes, cancellation);
        lock (_tierGate)
        {
            Thaw();
        }
    }

    /// <summary>Says for how long it has occupied what, since it was last asked.</summary>
    public void ReportResidency()
    {
        lock (_tierGate)
        {
            ReportResidencyHere();
        }
    }

    private void Thaw()
    {
        ReportResidencyHere();
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
        }
    }

    private void ReportResidencyHere()
    {
        var now = _services.Time.GetTimestamp();
        if (Function is { } function && _residentSince != 0)
        {
            _services.Residency.Resident(function, _tier, _services.Time.GetElapsedTime(_residentSince, now), _process.ResidentBytes());
        }

        _residentSince = now;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Instance {Instance} could not be frozen")]
    private static partial void LogFreezeFailed(ILogger logger, string instance, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Instance {Instance} could not be woken")]
    private static partial void LogThawFailed(ILogger logger, string instance, Exception exception);
}
