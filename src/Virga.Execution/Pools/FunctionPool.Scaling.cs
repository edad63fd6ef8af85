using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <content>How the number of instances follows the load, and how those without calls cool down.</content>
internal sealed partial class FunctionPool
{
    // A frozen instance that occupies less is worth more than its memory.
    private const long WorthTaking = 8L << 20;

    private readonly ProvisionedFloor? _provisioned;
    private bool _live;
    private bool _preparing;
    private TaskCompletionSource? _readyAgain;

    // Instances that are there whether calls come or not. Under the lock.
    private bool KeepsInstances => !_retired && (_live || _preparing) && Function.KeepsInstances;

    /// <summary>Calls reach the version from now on: what it keeps ready is kept from here.</summary>
    public void GoLive()
    {
        lock (_gate)
        {
            _live = true;
            _retired = false;
        }

        Tick();
    }

    /// <summary>Starts what the version keeps ready, and waits until it is.</summary>
    /// <exception cref="ProblemException">An instance could not be started.</exception>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            _preparing = true;
            _retired = false;
            _loadFailure = null;
        }

        try
        {
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

                    if (_all.Count(IsWarm) >= floor && _starting == 0)
                    {
                        return;
                    }

                    changed = (_readyAgain = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                }

                StartAhead(floor);
                lock (_gate)
                {
                    if (_starting == 0 && !changed.IsCompleted)
                    {
                        return;
                    }
                }

                await changed.WaitAsync(cancellation);
            }
        }
        finally
        {
            lock (_gate)
            {
                _preparing = false;
                _readyAgain = null;
            }
        }
    }

    /// <summary>The version has been replaced: idle instances end now, busy ones after their calls.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _retired = true;
            _live = false;
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
                _all.Count(IsWarm), _starting, Function.Spec.Concurrency, Function.Scale.Target, 0, Function.Scale.Max, Floor()));

            // More instances do not help where the processors are what is short.
            wanted = _retired ? 0 : _services.IsProcessorBusy() ? Math.Min(decision.Desired, Floor()) : decision.Desired;
        }

        if (before.Desired != decision.Desired)
        {
            _services.Scale.Scaled(new ScaleEvent(_instances.Time.GetUtcNow(), Function, before.Desired, decision.Desired, NameOf(decision.Reason)));
        }

        StartAhead(wanted);
        CoolDown();
        ReportResidency();
    }

    /// <summary>The instance without calls that was used least recently and whose end would give memory back; null when there is none to spare.</summary>
    public Instance? Spare()
    {
        lock (_gate)
        {
            var warm = _all.Count(IsWarm) > Floor() ? Idle() : [];
            return warm.Concat(_cold.Where(i => i.IsFrozen && i.ReservedBytes >= WorthTaking)).MinBy(i => i.IdleSince);
        }
    }

    /// <summary>Takes the memory of an instance without calls away, because others need it: it is frozen where that frees memory, else ended.</summary>
    /// <returns>False when it has got a call meanwhile.</returns>
    public bool GiveUp(Instance instance)
    {
        lock (_gate)
        {
            if (!IsIdle(instance) && instance is not { State: InstanceState.Cold, IsFrozen: true })
            {
                return false;
            }

            var freeze = instance.State == InstanceState.Serving && instance.CanPushOut && MayFreeze(instance);
            Withdraw(instance);
            if (freeze)
            {
                MakeCold(instance);
            }
        }

        Leave(instance);
        return true;
    }

    private static string NameOf(ScaleReason reason) => JsonNamingPolicy.KebabCaseLower.ConvertName(reason.ToString());

    private static bool IsWarm(Instance instance) => instance.State == InstanceState.Serving;

    private static bool IsIdle(Instance instance) => instance is { State: InstanceState.Serving, InFlight: 0 };

    private IEnumerable<Instance> Idle() => _withPlaces.Where(i => IsIdle(i) && !i.IsSettling);

    private int Floor() => KeepsInstances
        ? Math.Min(Function.Scale.Max, Math.Max(Function.Scale.Min, _provisioned?.At(_instances.Time.GetUtcNow()) ?? 0))
        : 0;

    private bool MayFreeze(Instance instance) => !_retired && !Function.Spec.OnceOnly && Function.Spec.KeepWarm.Frozen.Span > TimeSpan.Zero && instance.CanFreeze;

    // Moves instances without calls down the tiers: those that nobody used for long enough, and those above what the load needs.
    private void CoolDown()
    {
        List<Instance> leaving = [];
        lock (_gate)
        {
            var now = _instances.Time.GetTimestamp();
            var keep = Function.Spec.KeepWarm;
            var warm = _all.Count(IsWarm);
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
                Withdraw(instance);
                if (MayFreeze(instance))
                {
                    MakeCold(instance);
                }

                leaving.Add(instance);
            }

            foreach (var instance in _cold.Where(i => i.IsFrozen && (_retired || _instances.Time.GetElapsedTime(i.FrozenSince, now) >= keep.Frozen.Span)).ToList())
            {
                Withdraw(instance);
                leaving.Add(instance);
            }
        }

        leaving.ForEach(Leave);
    }

    private void MakeCold(Instance instance)
    {
        instance.State = InstanceState.Cold;
        _cold.Add(instance);
    }

    private void Leave(Instance instance) => _instances.Tasks.Add(
        instance.State == InstanceState.Cold ? FreezeAsync(instance) : instance.StopAsync(),
        instance.State == InstanceState.Cold ? "freezing of an instance" : "end of an idle instance");

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
}
