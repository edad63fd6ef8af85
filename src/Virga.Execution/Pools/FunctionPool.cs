using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;

namespace Virga.Execution.Pools;

/// <summary>
/// The instances of one function version and the calls that wait for them. Places are given under one short lock that
/// belongs to this function alone.
/// </summary>
internal sealed partial class FunctionPool : IInstanceOwner
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(30);

    // How long the reason of a failed start is kept for those who ask.
    private static readonly TimeSpan FailureMemory = TimeSpan.FromMinutes(10);

    private readonly FunctionPoolServices _services;
    private readonly InstanceServices _instances;
    private readonly Lock _gate = new();

    // The last one is taken first: the least recently used instances fall idle and are reaped.
    private readonly List<Instance> _withPlaces = [];
    private readonly HashSet<Instance> _all = [];
    private readonly LinkedList<Waiter> _waiting = new();
    private int _starting;
    private bool _retired;
    private TimeSpan _callDuration;
    private TimeSpan _startDuration;
    private bool _forgotten;
    private Problem? _loadFailure;
    private long _loadFailedAt;
    private TimeSpan _backOff;

    private readonly Action _onCallEnded;

    public FunctionPool(FunctionVersion function, FunctionPoolServices services, InstanceServices instances, Action onCallEnded)
    {
        _onCallEnded = onCallEnded;
        Function = function;
        _services = services;
        _instances = instances;
    }

    public FunctionVersion Function { get; }

    /// <summary>Closes the pool for good if it holds nothing worth keeping.</summary>
    public bool TryForget()
    {
        lock (_gate)
        {
            _forgotten = _all.Count == 0 && _starting == 0 && _waiting.Count == 0 && (_loadFailure is null || _instances.Time.GetElapsedTime(_loadFailedAt) > FailureMemory);
            return _forgotten;
        }
    }

    /// <summary>Takes a place in a warm instance, if there is one.</summary>
    public Instance? TryAcquire()
    {
        lock (_gate)
        {
            return _waiting.Count > 0 ? null : TakePlace();
        }
    }

    /// <summary>Waits for a place, and starts an instance when that is right. Null when this pool was forgotten meanwhile: ask for the function's pool again.</summary>
    /// <exception cref="ProblemException">There is no place to be had: the queue is full, or no instance can be started.</exception>
    public async Task<Instance?> AcquireAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var waiter = new Waiter(_instances.Time.GetTimestamp());
        TimeSpan startDuration;
        lock (_gate)
        {
            if (_forgotten)
            {
                return null;
            }

            if (_waiting.Count == 0 && TakePlace() is { } instance)
            {
                return instance;
            }

            if (_loadFailure is { } failure && BackOffLeft() > TimeSpan.Zero && _all.Count == 0)
            {
                throw new ProblemException(failure);
            }

            if (_waiting.Count >= _instances.Options.QueueLimit)
            {
                throw new ProblemException(KnownProblems.TooManyCalls($"{_waiting.Count} calls of '{Function}' already wait for an instance."));
            }

            _waiting.AddLast(waiter);
            startDuration = _startDuration;
        }

        StartWhereNeeded();
        try
        {
            // After as long as a start takes, waiting is worth another look: what serves may be stuck in a long call.
            if (startDuration > TimeSpan.Zero && startDuration < patience)
            {
                var first = await Task.WhenAny(waiter.Place, Task.Delay(startDuration, _instances.Time, cancellation));
                if (first != waiter.Place)
                {
                    StartWhereNeeded();
                    patience -= startDuration;
                }
            }

            return await waiter.Place.WaitAsync(patience, _instances.Time, cancellation);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!waiter.TryCancel() && waiter.Place.IsCompletedSuccessfully)
            {
                Release(await waiter.Place);
            }
            else
            {
                lock (_gate)
                {
                    _waiting.Remove(waiter);
                }
            }

            throw new ProblemException(e is TimeoutException
                ? KnownProblems.Timeout($"'{Function}' had no free instance within {Function.Spec.Timeout}.")
                : KnownProblems.ClientGone());
        }
    }

    /// <summary>Gives back a place that no call was sent to.</summary>
    public void Release(Instance instance)
    {
        lock (_gate)
        {
            instance.Calls--;
        }

        FreePlace(instance, TimeSpan.Zero);
    }

    /// <summary>The version has been replaced: idle instances end now, busy ones after their calls.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _retired = true;
        }

        Reap(TimeSpan.Zero);
    }

    /// <summary>Ends instances that have been idle for longer than <paramref name="keep"/>.</summary>
    public void Reap(TimeSpan keep)
    {
        List<Instance>? idle = null;
        lock (_gate)
        {
            for (var i = _withPlaces.Count - 1; i >= 0; i--)
            {
                var instance = _withPlaces[i];
                if (instance.InFlight == 0 && _instances.Time.GetElapsedTime(instance.IdleSince) >= keep)
                {
                    _withPlaces.RemoveAt(i);
                    instance.Draining = true;
                    (idle ??= []).Add(instance);
                }
            }
        }

        foreach (var instance in idle ?? [])
        {
            _instances.Tasks.Add(instance.StopAsync(), "end of an idle instance");
        }
    }

    /// <summary>Ends all instances at once.</summary>
    public void KillAll()
    {
        Instance[] all;
        lock (_gate)
        {
            _retired = true;
            all = [.. _all];
        }

        foreach (var instance in all)
        {
            instance.Kill("the node stops");
        }
    }

    /// <summary>What it holds, for people to look at.</summary>
    public FunctionPoolStatus Status()
    {
        Instance[] all;
        int starting;
        int queued;
        Problem? failure;
        lock (_gate)
        {
            all = [.. _all];
            (starting, queued, failure) = (_starting, _waiting.Count, _loadFailure);
        }

        // Memory is read from the kernel's files, which takes too long under the lock of the path of calls.
        return new FunctionPoolStatus([.. all.Select(i => new InstanceStatus(i.Id, Function.Version, StateOf(i), i.Calls, i.InFlight, i.Pid, i.MemoryBytes, i.StartedAt))], starting, queued, failure);
    }

    public int OnCallClosed(Instance instance, TimeSpan duration)
    {
        var inFlight = FreePlace(instance, duration);
        _onCallEnded();
        return inFlight;
    }

    private int FreePlace(Instance instance, TimeSpan duration)
    {
        var end = false;
        bool waiting;
        int inFlight;
        lock (_gate)
        {
            if (duration > TimeSpan.Zero)
            {
                _callDuration = _callDuration == TimeSpan.Zero ? duration : (_callDuration * 0.9) + (duration * 0.1);
            }

            instance.InFlight--;
            instance.IdleSince = _instances.Time.GetTimestamp();
            var spent = Function.Spec.MaxCallsPerInstance > 0 && instance.Calls >= Function.Spec.MaxCallsPerInstance;
            if (instance.Draining || spent || (_retired && _waiting.Count == 0))
            {
                Withdraw(instance);
                end = instance.InFlight == 0 && _all.Contains(instance);
            }
            else if (!GiveToWaiter(instance) && instance.InFlight == Function.Spec.Concurrency - 1)
            {
                _withPlaces.Add(instance);
            }

            waiting = _waiting.Count > 0;
            inFlight = instance.InFlight;
        }

        if (end)
        {
            _instances.Tasks.Add(instance.StopAsync(), "end of a recycled instance");
        }

        if (waiting)
        {
            StartWhereNeeded();
        }

        return inFlight;
    }

    public int OnRecycle(Instance instance)
    {
        lock (_gate)
        {
            Withdraw(instance);
            return instance.InFlight;
        }
    }

    public void OnInstanceEnded(Instance instance)
    {
        lock (_gate)
        {
            Withdraw(instance);
            _all.Remove(instance);
        }

        StartWhereNeeded();
    }

    private static string StateOf(Instance instance) => instance switch
    {
        { Draining: true } => "draining",
        { InFlight: > 0 } => "busy",
        _ => "idle",
    };

    private Instance? TakePlace()
    {
        while (_withPlaces.Count > 0)
        {
            var instance = _withPlaces[^1];
            if (instance.HasEnded)
            {
                _withPlaces.RemoveAt(_withPlaces.Count - 1);
                continue;
            }

            Occupy(instance);
            if (instance.InFlight >= Function.Spec.Concurrency)
            {
                _withPlaces.RemoveAt(_withPlaces.Count - 1);
            }

            return instance;
        }

        return null;
    }

    private static void Occupy(Instance instance)
    {
        instance.InFlight++;
        instance.Calls++;
    }

    private bool GiveToWaiter(Instance instance)
    {
        while (_waiting.First is { } first)
        {
            _waiting.RemoveFirst();
            Occupy(instance);
            if (first.Value.TryGive(instance))
            {
                return true;
            }

            instance.InFlight--;
            instance.Calls--;
        }

        return false;
    }

    private void Withdraw(Instance instance)
    {
        instance.Draining = true;
        _withPlaces.Remove(instance);
    }

    private TimeSpan BackOffLeft()
    {
        var left = _backOff - _instances.Time.GetElapsedTime(_loadFailedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void StartWhereNeeded()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_waiting.First is not { } oldest || (_loadFailure is not null && BackOffLeft() > TimeSpan.Zero))
                {
                    return;
                }

                var load = new PoolLoad(
                    _waiting.Count,
                    _instances.Time.GetElapsedTime(oldest.Value.Since),
                    _all.Count(i => !i.Draining),
                    _all.Count,
                    _starting,
                    _callDuration,
                    _startDuration);
                if (!ScaleOut.ShouldStart(load, Function.Spec.MaxInstances, Function.Spec.Concurrency))
                {
                    return;
                }

                _starting++;
            }

            _instances.Tasks.Add(StartOneAsync(), "start of an instance");
        }
    }

    private async Task StartOneAsync()
    {
        var requestedAt = _instances.Time.GetTimestamp();
        GenericPool? generic = null;
        Instance? instance = null;
        Problem? failure = null;
        using var span = Scheduling.ExecutionTrace.StartInstance(Function);
        try
        {
            generic = _services.GenericPoolOf(Function);
            var package = await PackagePathAsync();
            instance = await generic.TakeAsync(_services.Stopping);
            await instance.SpecialiseAsync(Function, package, this, requestedAt, _services.Stopping);
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
            Reap(TimeSpan.Zero);
        }

        generic?.Refill();
    }

    // A package that is gone is no mistake of whoever calls the function.
    private async Task<string> PackagePathAsync()
    {
        try
        {
            return await _services.Packages.GetPathAsync(Function.BuiltPackage, _services.Stopping);
        }
        catch (ProblemException e) when (e.Problem.Fault == Fault.Client)
        {
            throw new ProblemException(KnownProblems.Unavailable($"The files of '{Function}' are not on this node: {e.Problem.Detail}", "Deploy the function again."), e);
        }
    }

    // False when its worker has ended already: the pool was told before, under this lock.
    private bool TryAdmit(Instance instance)
    {
        lock (_gate)
        {
            if (instance.Draining)
            {
                return false;
            }

            _starting--;
            _loadFailure = null;
            _backOff = TimeSpan.Zero;
            _startDuration = instance.StartDuration;
            _all.Add(instance);
            instance.IdleSince = _instances.Time.GetTimestamp();
            for (var place = 0; place < Function.Spec.Concurrency && GiveToWaiter(instance); place++)
            {
                // Each round hands one place over.
            }

            if (instance.InFlight < Function.Spec.Concurrency)
            {
                _withPlaces.Add(instance);
            }

            return true;
        }
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
            }
        }

        foreach (var waiter in stranded)
        {
            waiter.TryFail(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "No instance of {Function} could be started")]
    private static partial void LogStartFailed(ILogger logger, string function, Exception exception);
}
