using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Execution.Instances;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <content>How instances come: woken where one is frozen, else started.</content>
internal sealed partial class FunctionPool
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(30);

    // How long the reason of a failed start is kept for those who ask.
    private static readonly TimeSpan FailureMemory = TimeSpan.FromMinutes(10);

    // What waking a frozen instance costs, about, when its memory has to come back.
    private static readonly TimeSpan ThawDuration = TimeSpan.FromMilliseconds(10);

    private int _starting;
    private TimeSpan _startDuration;
    private Problem? _loadFailure;
    private long _loadFailedAt;
    private TimeSpan _backOff;

    // For calls that wait. Waking a frozen instance is preferred to starting another.
    private void StartWhereNeeded()
    {
        while (true)
        {
            Instance? cold = null;
            lock (_gate)
            {
                if (_waiting.First is not { } oldest)
                {
                    return;
                }

                cold = CoolestToWake();
                if (cold is null && _loadFailure is not null && BackOffLeft() > TimeSpan.Zero)
                {
                    return;
                }

                var load = new PoolLoad(
                    _waiting.Count,
                    _instances.Time.GetElapsedTime(oldest.Value.Since),
                    _all.Count(i => i.State == InstanceState.Serving),
                    cold is null ? Existing() : 0,
                    _starting,
                    _callDuration,
                    cold is null ? _startDuration : ThawDuration);
                if (!ScaleOut.ShouldStart(load, Function.Scale.Max, Function.Spec.Concurrency))
                {
                    return;
                }

                BeginStart(cold);
            }

            Begin(cold, StartPriority.OnDemand);
        }
    }

    // Makes room ahead of calls, until so many are warm or on their way: what the autoscaler or a provisioned window asks for.
    private void StartAhead(int wanted)
    {
        while (true)
        {
            Instance? cold;
            lock (_gate)
            {
                if (_all.Count(IsWarm) + _starting >= wanted)
                {
                    return;
                }

                cold = CoolestToWake();
                if (cold is null && (Existing() + _starting >= Function.Scale.Max || (_loadFailure is not null && BackOffLeft() > TimeSpan.Zero)))
                {
                    return;
                }

                BeginStart(cold);
            }

            Begin(cold, StartPriority.Background);
        }
    }

    // Those on their way back are counted with those that start.
    private int Existing() => _all.Count(i => i.State != InstanceState.Waking);

    private Instance? CoolestToWake() => _cold.Count > 0 ? _cold[^1] : null;

    private void BeginStart(Instance? cold)
    {
        _starting++;
        if (cold is not null)
        {
            _cold.Remove(cold);
            cold.State = InstanceState.Waking;
        }
    }

    private void Begin(Instance? cold, StartPriority priority)
    {
        if (cold is not null && cold.TryThaw())
        {
            Woken(cold);
        }
        else
        {
            _instances.Tasks.Add(cold is null ? StartOneAsync(priority) : WakeAsync(cold), "start of an instance");
        }
    }

    // Its memory is not at once to be had: other instances have to give some back first.
    private async Task WakeAsync(Instance cold)
    {
        try
        {
            await cold.ThawAsync(_services.Stopping);
            Woken(cold);
        }
        catch (Exception e) when (e is ProblemException or OperationCanceledException)
        {
            lock (_gate)
            {
                _starting--;
            }

            cold.Kill("it could not be woken");
        }
    }

    private void Woken(Instance instance)
    {
        lock (_gate)
        {
            _starting--;
            if (instance.State == InstanceState.Waking)
            {
                Open(instance);
            }

            _readyAgain?.TrySetResult();
        }

        StartWhereNeeded();
        if (_retired)
        {
            CoolDown();
        }
    }

    private async Task StartOneAsync(StartPriority priority)
    {
        Instance? instance = null;
        Problem? failure = null;
        using var span = Scheduling.ExecutionTrace.StartInstance(Function);
        try
        {
            instance = await _services.Source.StartAsync(Function, this, priority, _services.Stopping);
        }
        catch (ProblemException e)
        {
            failure = e.Problem;
        }
        catch (OperationCanceledException)
        {
            failure = KnownProblems.Unavailable("The node is shutting down.", "Try another node, or again when it is back.");
        }
        catch (Exception e)
        {
            LogStartFailed(_instances.Logger, Function.ToString(), e);
            failure = KnownProblems.Internal($"An instance of '{Function}' could not be started: {e.Message}");
        }

        if (failure is null && !TryAdmit(instance!))
        {
            failure = KnownProblems.Crashed($"The instance of '{Function}' ended right after it had loaded its function.");
        }

        if (failure is not null)
        {
            OnStartFailed(failure);
            if (instance is not null)
            {
                await instance.DisposeAsync();
            }
        }
        else if (_retired)
        {
            CoolDown();
        }
    }

    // False when its worker has ended already: the pool was told before, under this lock.
    private bool TryAdmit(Instance instance)
    {
        lock (_gate)
        {
            if (instance.State == InstanceState.Draining)
            {
                return false;
            }

            _starting--;
            _loadFailure = null;
            _backOff = TimeSpan.Zero;
            _startDuration = instance.StartDuration;
            _all.Add(instance);
            Open(instance);
            _readyAgain?.TrySetResult();
            return true;
        }
    }

    private TimeSpan BackOffLeft()
    {
        var left = _backOff - _instances.Time.GetElapsedTime(_loadFailedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void OnStartFailed(Problem failure)
    {
        List<Waiter> stranded = [];
        lock (_gate)
        {
            _starting--;
            _loadFailure = failure;
            _loadFailedAt = _instances.Time.GetTimestamp();
            _backOff = _backOff == TimeSpan.Zero ? FirstBackOff : TimeSpan.FromTicks(Math.Min((_backOff * 2).Ticks, LongestBackOff.Ticks));

            // With an instance that serves, or one still to come, the calls have something to wait for.
            if (_all.Count == 0 && _starting == 0)
            {
                stranded.AddRange(_waiting);
                _waiting.Clear();
                foreach (var waiter in stranded)
                {
                    _scale.CallEnded(_loadFailedAt);
                }
            }

            _readyAgain?.TrySetResult();
        }

        foreach (var waiter in stranded)
        {
            waiter.TryFail(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "No instance of {Function} could be started")]
    private static partial void LogStartFailed(ILogger logger, string function, Exception exception);
}
