using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Instances;
using Virga.Execution.Scaling;

namespace Virga.Execution.Pools;

/// <summary>
/// The instances of one function version and the calls that wait for them. Places are given under one short lock that
/// belongs to this function alone. How instances come is in <c>FunctionPool.Starting.cs</c>, how their number follows the load and how they
/// cool down in <c>FunctionPool.Scaling.cs</c>.
/// </summary>
internal sealed partial class FunctionPool : IInstanceOwner
{
    private readonly FunctionPoolServices _services;
    private readonly InstanceServices _instances;
    private readonly Action _onCallEnded;
    private readonly Lock _gate = new();
    private readonly AutoscalerSettings _settings;
    private readonly FunctionScale _scale;

    // The last one is taken first: the least recently used instances fall idle and cool down.
    private readonly List<Instance> _withPlaces = [];

    // Frozen, or on the way there; the last one cooled is the first one back.
    private readonly List<Instance> _cold = [];
    private readonly HashSet<Instance> _all = [];
    private readonly LinkedList<Waiter> _waiting = new();
    private int _serving;
    private int _waking;
    private TimeSpan _callDuration;
    private bool _retired;
    private bool _forgotten;

    public FunctionPool(FunctionVersion function, FunctionPoolServices services, InstanceServices instances, Action onCallEnded)
    {
        _onCallEnded = onCallEnded;
        Function = function;
        _services = services;
        _instances = instances;
        _provisioned = ProvisionedOf(function, instances.Logger);
        _settings = AutoscalerSettings.Default with { ScaleToZeroGrace = function.Spec.KeepWarm.Idle.Span };
        _scale = new FunctionScale(_settings, instances.Time);
    }

    public FunctionVersion Function { get; }

    /// <summary>Closes the pool for good if it holds nothing worth keeping.</summary>
    public bool TryForget()
    {
        lock (_gate)
        {
            _forgotten = _all.Count == 0 && _starting + _startingAhead == 0 && _waiting.Count == 0 && !KeepsInstances
                && (_loadFailure is null || _instances.Time.GetElapsedTime(_loadFailedAt) > FailureMemory);
            return _forgotten;
        }
    }

    /// <summary>Takes a place in a warm instance, if there is one.</summary>
    /// <param name="affinity">The request's key for sticky routing; null when it has none.</param>
    public Instance? TryAcquire(string? affinity)
    {
        lock (_gate)
        {
            return _waiting.Count > 0 ? null : TakePlace(affinity);
        }
    }

    /// <summary>Waits for a place, and has an instance woken or started when that is right. Null when this pool was forgotten meanwhile: ask for the function's pool again.</summary>
    /// <exception cref="ProblemException">There is no place to be had: the queue is full, or no instance can be started.</exception>
    public async Task<Instance?> AcquireAsync(string? affinity, TimeSpan patience, CancellationToken cancellation)
    {
        var waiter = new Waiter(_instances.Time.GetTimestamp());
        TimeSpan startDuration;
        lock (_gate)
        {
            if (_forgotten)
            {
                return null;
            }

            if (_waiting.Count == 0 && TakePlace(affinity) is { } instance)
            {
                return instance;
            }

            if (_loadFailure is { } failure && BackOffLeft() > TimeSpan.Zero && _all.Count == 0)
            {
                throw new ProblemException(failure);
            }

            if (!_services.Queue.TryEnter(_waiting.Count, _instances.Options.QueueLimit))
            {
                throw new ProblemException(QueueIsFull());
            }

            _waiting.AddLast(waiter);
            _scale.CallCame(waiter.Since);
            startDuration = _startDuration;
        }

        try
        {
            StartWhereNeeded();

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
            if (waiter.TryCancel())
            {
                lock (_gate)
                {
                    _waiting.Remove(waiter);
                    _scale.CallEnded(_instances.Time.GetTimestamp());
                }
            }
            else if (waiter.Place.IsCompletedSuccessfully)
            {
                Release(await waiter.Place);
            }

            throw new ProblemException(e is TimeoutException
                ? KnownProblems.Timeout($"'{Function}' had no free instance within {Function.Spec.Timeout}.")
                : KnownProblems.ClientGone());
        }
        finally
        {
            _services.Queue.Leave();
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
        (Instance Instance, string State, int InFlight)[] all;
        FunctionPoolStatus status;
        lock (_gate)
        {
            all = [.. _all.Select(i => (i, StateOf(i), i.InFlight))];
            status = new FunctionPoolStatus(
                Function, [], _starting + _startingAhead, _waiting.Count, _scale.Last.Desired, NameOf(_scale.Last.Reason), Math.Round(_scale.AverageConcurrency(), 3), _loadFailure);
        }

        // Memory is read from the kernel's files, which takes too long under the lock of the path of calls.
        return status with
        {
            Instances = [.. all.Select(i => new InstanceStatus(i.Instance.Id, Function.Version, i.State, i.Instance.Calls, i.InFlight, i.Instance.Pid, i.Instance.ResidentBytes, i.Instance.StartedAt))],
        };
    }

    public int OnCallClosed(Instance instance, TimeSpan duration)
    {
        var inFlight = FreePlace(instance, duration);
        _onCallEnded();
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
            FailStranded();
            Signal();
        }

        StartWhereNeeded();
    }

    private static string StateOf(Instance instance) => instance switch
    {
        { State: InstanceState.Draining } => "draining",
        { State: InstanceState.Waking } => "waking",
        { State: InstanceState.Cold } => instance.IsFrozen ? "frozen" : "freezing",
        { InFlight: > 0 } => "busy",
        _ => "idle",
    };

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
            _scale.CallEnded(instance.IdleSince);
            if (instance.State == InstanceState.Draining || IsSpent(instance) || (_retired && _waiting.Count == 0))
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
        else if (inFlight == 0 && _instances.Memory.IsShort)
        {
            // Others wait for the memory that this instance no longer uses.
            _services.RelieveMemory();
        }

        return inFlight;
    }

    private bool IsSpent(Instance instance) =>
        Function.Spec.OnceOnly || (Function.Spec.MaxCallsPerInstance > 0 && instance.Calls >= Function.Spec.MaxCallsPerInstance);

    private Instance? TakePlace(string? affinity)
    {
        for (var i = _withPlaces.Count - 1; i >= 0; i--)
        {
            if (_withPlaces[i].HasEnded)
            {
                _withPlaces.RemoveAt(i);
            }
            else if (affinity is null)
            {
                break;
            }
        }

        if (_withPlaces.Count == 0)
        {
            return null;
        }

        var place = affinity is null ? _withPlaces.Count - 1 : _withPlaces.IndexOf(Affinity.Choose(_withPlaces, affinity));
        var instance = _withPlaces[place];
        _scale.CallCame(_instances.Time.GetTimestamp());
        Occupy(instance);
        if (instance.InFlight >= Function.Spec.Concurrency)
        {
            _withPlaces.RemoveAt(place);
        }

        return instance;
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

            // It has stopped waiting, and counts as ended where it notices that.
            instance.InFlight--;
            instance.Calls--;
        }

        return false;
    }

    // Opens the places of an instance that is ready, those who wait first. Under the lock.
    private void Open(Instance instance)
    {
        SetState(instance, InstanceState.Serving);
        instance.IdleSince = _instances.Time.GetTimestamp();
        for (var place = 0; place < Function.Spec.Concurrency && GiveToWaiter(instance); place++)
        {
            // Each round hands one place over.
        }

        if (instance.InFlight < Function.Spec.Concurrency)
        {
            _withPlaces.Add(instance);
        }
    }

    private void Withdraw(Instance instance)
    {
        SetState(instance, InstanceState.Draining);
        _withPlaces.Remove(instance);
        _cold.Remove(instance);
    }

    private void SetState(Instance instance, InstanceState state)
    {
        _serving += (state == InstanceState.Serving ? 1 : 0) - (instance.State == InstanceState.Serving ? 1 : 0);
        _waking += (state == InstanceState.Waking ? 1 : 0) - (instance.State == InstanceState.Waking ? 1 : 0);
        instance.State = state;
    }

    private Problem QueueIsFull()
    {
        var seconds = RetryAfter.Seconds(_waiting.Count, _serving * Function.Spec.Concurrency, _callDuration, _startDuration);
        return KnownProblems.TooManyCalls(
            _waiting.Count >= _instances.Options.QueueLimit
                ? $"{_waiting.Count} calls of '{Function}' already wait for an instance."
                : $"{_services.Queue.Taken} calls already wait on this node, {_waiting.Count} of them for '{Function}'.",
            TimeSpan.FromSeconds(seconds));
    }
}
