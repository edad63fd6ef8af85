using System.Text.Json;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <content>How the number of instances follows the load, and how those without calls cool down.</content>
internal sealed partial class FunctionPool
{
    // A jump of the clock must not let a window wait for long.
    private static readonly TimeSpan LongestPromise = TimeSpan.FromMinutes(1);

    private readonly ProvisionedFloor? _provisioned;
    private (int Floor, DateTimeOffset Until) _promised;
    private bool _live;
    private bool _prepared;
    private TaskCompletionSource? _changed;

    // Instances that are there whether calls come or not. Under the lock.
    private bool KeepsInstances => !_retired && (_live || _prepared) && Function.KeepsInstances;

    /// <summary>Calls reach the version from now on: what it keeps ready is kept from here. False when this pool was forgotten: ask for the function's pool again.</summary>
    public bool GoLive()
    {
        lock (_gate)
        {
            if (_forgotten)
            {
                return false;
            }

            (_live, _prepared, _retired) = (true, false, false);
        }

        Tick();
        return true;
    }

    /// <summary>Starts what the version keeps ready, waits until it is, and keeps it until <see cref="GoLive"/> or <see cref="Retire"/>. False when this pool was forgotten.</summary>
    /// <exception cref="ProblemException">An instance could not be started.</exception>
    public async Task<bool> PrepareAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_forgotten)
            {
                return false;
            }

            (_prepared, _retired, _loadFailure) = (true, false, null);
        }

        while (true)
        {
            Task changed;
            int floor;
            lock (_gate)
            {
                floor = Floor();
                if (_loadFailure is { } failure)
                {
                    throw new ProblemException(failure);
                }

                if (_serving >= floor)
                {
                    return true;
                }

                changed = (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            StartAhead(floor);
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>The version has been replaced: idle instances end now, busy ones after their calls.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            (_live, _prepared, _retired) = (false, false, true);
        }

        CoolDown();
    }

    /// <summary>Looks at the load and at the clock: starts what is missing, cools down what is too much. About once a second.</summary>
    public void Tick()
    {
        int wanted;
        ScaleDecision before;
        ScaleDecision decision;
        lock (_gate)
        {
            before = _scale.Last;
            decision = _scale.Decide(new PoolScale(
                _serving, _starting + _startingAhead, Function.Spec.Concurrency, Function.Scale.Target, 0, Function.Scale.Max, Floor()));

            // More instances do not help where the processors are what is short.
            wanted = _retired ? 0 : _services.IsProcessorBusy() ? Math.Min(decision.Desired, Floor()) : decision.Desired;
        }

        if (before.Desired != decision.Desired)
        {
            _services.Scale.Scaled(new ScaleEvent(_instances.Time.GetUtcNow(), Function, before.Desired, decision.Desired, NameOf(decision.Reason)));
        }

        StartWhereNeeded();
        StartAhead(wanted);
        CoolDown();
        ReportResidency();
    }

    /// <summary>The instance without calls that was used least recently and whose end gives at least so much memory back; null when there is none to spare.</summary>
    public Instance? Spare(long bytes)
    {
        lock (_gate)
        {
            var warm = _serving > Floor() ? Idle() : [];
            return warm.Concat(_cold.Where(i => i.IsFrozen)).Where(i => i.ReservedBytes >= bytes).MinBy(i => i.IdleSince);
        }
    }

    /// <summary>Takes the memory of an instance without calls away, because others need it.</summary>
    /// <param name="instance">Which one.</param>
    /// <param name="mayFreeze">Whether it may be frozen where that frees memory; else it is ended.</param>
    /// <returns>Whether it is being frozen; null when it has got a call meanwhile.</returns>
    public bool? GiveUp(Instance instance, bool mayFreeze)
    {
        // Reads a file of the kernel's: not under the lock.
        var freeze = mayFreeze && instance.CanPushOut;
        lock (_gate)
        {
            if (!IsIdle(instance) && instance is not { State: InstanceState.Cold, IsFrozen: true })
            {
                return null;
            }

            freeze &= instance.State == InstanceState.Serving && MayFreeze(instance);
            Withdraw(instance);
            if (freeze)
            {
                MakeCold(instance);
            }
        }

        Leave(instance, freeze);
        return freeze;
    }

    private static string NameOf(ScaleReason reason) => JsonNamingPolicy.KebabCaseLower.ConvertName(reason.ToString());

    private static bool IsIdle(Instance instance) => instance is { State: InstanceState.Serving, InFlight: 0 };

    private IEnumerable<Instance> Idle() => _withPlaces.Where(i => IsIdle(i) && !i.IsSettling);

    private int Floor() => KeepsInstances ? Math.Min(Function.Scale.Max, Math.Max(Function.Scale.Min, Promised())) : 0;

    // A schedule is asked only when its answer may have changed.
    private int Promised()
    {
        if (_provisioned is null)
        {
            return 0;
        }

        var now = _instances.Time.GetUtcNow();
        if (now >= _promised.Until || _promised.Until - now > LongestPromise)
        {
            var next = _provisioned.NextChange(now);
            _promised = (_provisioned.At(now), next is { } change && change < now + LongestPromise ? change : now + LongestPromise);
        }

        return _promised.Floor;
    }

    // A window of a time zone that this machine does not know stays closed.
    private static ProvisionedFloor? ProvisionedOf(FunctionVersion function, ILogger logger)
    {
        var windows = new List<FloorWindow>();
        foreach (var window in function.Spec.Provisioned)
        {
            try
            {
                windows.Add(FloorWindow.Of(window));
            }
            catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException or FormatException)
            {
                LogWindowUnknown(logger, function.ToString(), e);
            }
        }

        return windows.Count == 0 ? null : new ProvisionedFloor(windows);
    }

    private bool MayFreeze(Instance instance) => !_retired && !Function.Spec.OnceOnly && Function.Spec.KeepWarm.Frozen.Span > TimeSpan.Zero && instance.CanFreeze;

    // Moves instances without calls down the tiers: those that nobody used for long enough, and those above what the load needs.
    private void CoolDown()
    {
        List<(Instance Instance, bool Freeze)> leaving = [];
        lock (_gate)
        {
            var now = _instances.Time.GetTimestamp();
            var keep = Function.Spec.KeepWarm;
            var warm = _serving;
            var kept = _retired ? 0 : Math.Max(Floor(), _scale.Concurrency > 0 || _waiting.Count > 0 ? 1 : 0);
            var wanted = _retired ? 0 : Math.Max(kept, _scale.Last.Desired);
            foreach (var instance in Idle().OrderBy(i => i.IdleSince).ToList())
            {
                var idle = _instances.Time.GetElapsedTime(instance.IdleSince, now);
                var expired = idle >= keep.Idle.Span && warm > kept;
                var surplus = idle >= _settings.SurplusIdle && warm > wanted;
                if (!_retired && !expired && !surplus)
                {
                    continue;
                }

                warm--;
                var freeze = MayFreeze(instance);
                Withdraw(instance);
                if (freeze)
                {
                    MakeCold(instance);
                }

                leaving.Add((instance, freeze));
            }

            foreach (var instance in _cold.Where(i => i.IsFrozen && (_retired || _instances.Time.GetElapsedTime(i.FrozenSince, now) >= keep.Frozen.Span)).ToList())
            {
                Withdraw(instance);
                leaving.Add((instance, false));
            }
        }

        foreach (var (instance, freeze) in leaving)
        {
            Leave(instance, freeze);
        }
    }

    private void MakeCold(Instance instance)
    {
        SetState(instance, InstanceState.Cold);
        _cold.Add(instance);
        instance.BeginFreeze();
    }

    // As it was decided under the lock: its state may be another by now.
    private void Leave(Instance instance, bool freeze) =>
        _instances.Tasks.Add(freeze ? FreezeAsync(instance) : instance.StopAsync(), freeze ? "freezing of an instance" : "end of an idle instance");

    private async Task FreezeAsync(Instance instance)
    {
        if (!await instance.FreezeAsync())
        {
            // A call may have come meanwhile and have woken it; else it cannot be frozen, and is of no use cold.
            lock (_gate)
            {
                if (instance.State != InstanceState.Cold)
                {
                    return;
                }

                Withdraw(instance);
            }

            await instance.StopAsync();
        }
    }

    private void ReportResidency()
    {
        Instance[] all;
        lock (_gate)
        {
            all = [.. _all];
        }

        foreach (var instance in all)
        {
            instance.ReportResidency();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A provisioned window of {Function} cannot be understood on this machine, and stays closed")]
    private static partial void LogWindowUnknown(ILogger logger, string function, Exception exception);
}
