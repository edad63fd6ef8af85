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

    // For calls that wait, and ahead of calls.
    private int _starting;
    private int _startingAhead;
    private TimeSpan _startDuration;
    private Problem? _loadFailure;
    private long _loadFailedAt;
    private TimeSpan _backOff;

    // For calls that wait. Waking a frozen instance is preferred to starting another.
    private void StartWhereNeeded()
    {
        while (true)
        {
            Instance? cold;
            lock (_gate)
            {
                if (_waiting.First is not { } oldest)
                {
                    return;
                }

                cold = _cold.Count > 0 ? _cold[^1] : null;
                if (cold is null && IsBackingOff)
                {
                    return;
                }

                // Starts ahead of calls may take their time: a call does not wait for them.
                var load = new PoolLoad(
                    _waiting.Count,
                    _instances.Time.GetElapsedTime(oldest.Value.Since),
                    _serving,
                    cold is null ? Existing + _startingAhead : 0,
                    _starting,
                    _callDuration,
                    cold is null ? _startDuration : ThawDuration);
                if (!ScaleOut.ShouldStart(load, Function.Scale.Max, Function.Spec.Concurrency))
                {
                    return;
                }

                BeginStart(cold, StartPriority.OnDemand);
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
                if (_serving + _starting + _startingAhead >= wanted)
                {
                    return;
                }

                cold = _cold.Count > 0 ? _cold[^1] : null;
                if (cold is null && (IsBackingOff || Existing + _starting + _startingAhead >= Function.Scale.Max))
                {
                    return;
                }

                BeginStart(cold, StartPriority.Background);
            }

            Begin(cold, StartPriority.Background);
        }
    }

    // Those on their way back are counted with those that start.
    private int Existing => _all.Count - _waking;

    private bool IsBackingOff => _loadFailure is not null && BackOffLeft() > TimeSpan.Zero;

    private void BeginStart(Instance? cold, StartPriority priority)
    {
        CountStart(priority, 1);
        if (cold is not null)
        {
            _cold.Remove(cold);
            SetState(cold, InstanceState.Waking);
        }
    }

    private void CountStart(StartPriority priority, int change)
    {
        if (priority == StartPriority.OnDemand)
        {
            _starting += change;
        }
        else
        {
            _startingAhead += change;
        }
    }

    private void Begin(Instance? cold, StartPriority priority)
    {
        if (cold?.TryThaw() == true)
        {
            OnWoken(cold, priority);
            return;
        }

        if (cold is not null)
        {
            // Its memory has been given to others. It must not hold the little that it has while it waits for more: one that is started
            // anew holds nothing while it waits.
            lock (_gate)
            {
                Withdraw(cold);
            }

            _instances.Tasks.Add(cold.StopAsync(), "end of an instance that could not be woken");
        }

        _instances.Tasks.Add(StartOneAsync(priority), "start of an instance");
    }

    private void OnWoken(Instance instance, StartPriority priority)
    {
        lock (_gate)
        {
            CountStart(priority, -1);
            if (instance.State == InstanceState.Waking && !instance.IsDoomed)
            {
                Open(instance);
            }

            Signal();
        }

        StartWhereNeeded();
        if (_retired)
        {
            CoolDown();
        }
    }

    private async Task StartOneAsync(StartPriority priority)
    {
        // Who asks may hold up a call, or the control plane's turn: making a process takes milliseconds.
        await Task.Yield();
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

        if (failure is null && !TryAdmit(instance!, priority))
        {
            failure = KnownProblems.Crashed($"The instance of '{Function}' ended right after it had loaded its function.");
        }

        if (failure is not null)
        {
            OnStartFailed(failure, priority);
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
    private bool TryAdmit(Instance instance, StartPriority priority)
    {
        lock (_gate)
        {
            if (instance.State == InstanceState.Draining)
            {
                return false;
            }

            CountStart(priority, -1);
            _loadFailure = null;
            _backOff = TimeSpan.Zero;
            _startDuration = instance.StartDuration;
            _all.Add(instance);
            Open(instance);
            Signal();
            return true;
        }
    }

    private TimeSpan BackOffLeft()
    {
        var left = _backOff - _instances.Time.GetElapsedTime(_loadFailedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void OnStartFailed(Problem failure, StartPriority priority)
    {
        lock (_gate)
        {
            CountStart(priority, -1);
            _loadFailure = failure;
            _loadFailedAt = _instances.Time.GetTimestamp();
            _backOff = _backOff == TimeSpan.Zero ? FirstBackOff : TimeSpan.FromTicks(Math.Min((_backOff * 2).Ticks, LongestBackOff.Ticks));
            FailStranded();
            Signal();
        }
    }

    // With an instance that serves or can be woken, or one still to come, calls have something to wait for. Under the lock.
    private void FailStranded()
    {
        if (_serving + _waking + _cold.Count + _starting + _startingAhead > 0 || !IsBackingOff)
        {
            return;
        }

        foreach (var waiter in _waiting)
        {
            if (waiter.TryFail(_loadFailure!))
            {
                _scale.CallEnded(_loadFailedAt);
            }
        }

        _waiting.Clear();
    }

    // Whoever waits for a change looks again. Under the lock.
    private void Signal()
    {
        _changed?.TrySetResult();
        _changed = null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "No instance of {Function} could be started")]
    private static partial void LogStartFailed(ILogger logger, string function, Exception exception);
}
