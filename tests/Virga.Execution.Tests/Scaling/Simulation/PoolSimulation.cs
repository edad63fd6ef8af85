using System.Runtime.InteropServices;
using Virga.Execution.Pools;
using Virga.Execution.Scaling;

namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>
/// The pool of one function as discrete events: calls that come and end, instances that become ready, and a decision every second. The rules
/// are the product's own (<see cref="FunctionScale"/> with its <see cref="ConcurrencyMeter"/> and <see cref="Autoscaler"/>, and
/// <see cref="ScaleOut"/> for calls that wait); only instances and time are made up.
/// </summary>
internal sealed class PoolSimulation
{
    private const long Second = 1_000_000;

    private readonly SimulatedMachine _machine;
    private readonly Trace _trace;
    private readonly ManualTime _time = new();
    private readonly FunctionScale _scale;
    private readonly PriorityQueue<Event, (long At, long Order)> _events = new();
    private readonly Queue<SimulatedCall> _waiting = new();
    private readonly List<SimulatedInstance> _warm = [];
    private readonly List<SimulatedInstance> _frozen = [];
    private readonly List<long> _waits = [];
    private readonly double[] _warmBySecond;
    private long _order;
    private long _accounted;
    private int _starting;
    private int _coldStarts;
    private int _thaws;
    private double _frozenSeconds;
    private TimeSpan _callDuration;
    private bool _ticking;

    private PoolSimulation(Trace trace, SimulatedMachine machine)
    {
        (_trace, _machine) = (trace, machine);
        _scale = new FunctionScale(machine.Autoscaler, _time);
        _warmBySecond = new double[(int)trace.Length.TotalSeconds];
    }

    private enum EventKind
    {
        CallEnds,
        InstanceReady,
        Tick,
    }

    public static SimulationResult Run(Trace trace, SimulatedMachine machine) => new PoolSimulation(trace, machine).Run();

    private SimulationResult Run()
    {
        foreach (var call in _trace.Calls)
        {
            RunUntil(call.At);
            OnCall(call);
        }

        RunUntil((long)_trace.Length.TotalSeconds * Second);
        ExpireFrozen();
        foreach (var instance in _frozen)
        {
            _frozenSeconds += (_time.Now - instance.Since) / 1e6;
        }

        _waits.Sort();
        var warmSeconds = _warmBySecond.Sum();
        return new SimulationResult
        {
            Calls = _trace.Calls.Length,
            ColdStarts = _coldStarts,
            Thaws = _thaws,
            WarmSeconds = warmSeconds,
            FrozenSeconds = _frozenSeconds,
            MemorySeconds = warmSeconds + (_frozenSeconds * _machine.FrozenShare),
            Warm = _warmBySecond,
            WaitP99 = TimeSpan.FromMicroseconds(_waits.Count == 0 ? 0 : _waits[(int)(_waits.Count * 0.99)]),
        };
    }

    private void RunUntil(long time)
    {
        while (_events.TryPeek(out var next, out var priority) && priority.At <= time)
        {
            _events.Dequeue();
            Pass(priority.At);
            switch (next.Kind)
            {
                case EventKind.CallEnds:
                    OnCallEnded(next.Instance!, next.Call);
                    break;
                case EventKind.InstanceReady:
                    OnReady(next.Instance!, next.Fresh);
                    break;
                default:
                    OnTick();
                    break;
            }
        }

        Pass(time);
    }

    private void OnCall(SimulatedCall call)
    {
        _scale.CallCame(_time.Now);
        if (!_ticking)
        {
            _ticking = true;
            Schedule((_time.Now / Second * Second) + Second, new Event(EventKind.Tick));
        }

        if (_waiting.Count == 0 && _warm.FindLast(HasPlace) is { } instance)
        {
            Serve(instance, call);
            return;
        }

        _waiting.Enqueue(call);
        StartWhereNeeded();
    }

    private void OnCallEnded(SimulatedInstance instance, SimulatedCall call)
    {
        _scale.CallEnded(_time.Now);
        var duration = TimeSpan.FromMicroseconds(call.Duration);
        _callDuration = _callDuration == TimeSpan.Zero ? duration : (_callDuration * 0.9) + (duration * 0.1);
        instance.InFlight--;
        instance.Since = _time.Now;
        if (_waiting.TryDequeue(out var next))
        {
            Serve(instance, next);
        }

        StartWhereNeeded();
    }

    private void OnReady(SimulatedInstance instance, bool fresh)
    {
        _starting--;
        instance.Since = _time.Now;
        _warm.Add(instance);
        while (HasPlace(instance) && _waiting.TryDequeue(out var call))
        {
            _coldStarts += fresh ? 1 : 0;
            Serve(instance, call);
        }
    }

    private void OnTick()
    {
        if (_machine.FixedKeepAlive is { } keep)
        {
            _warm.RemoveAll(i => i.InFlight == 0 && IsSince(i, keep));
        }
        else
        {
            Scale();
        }

        // While nothing is warm, nothing is to be decided.
        _ticking = _warm.Count + _starting + _waiting.Count > 0;
        if (_ticking)
        {
            Schedule(_time.Now + Second, new Event(EventKind.Tick));
        }
    }

    private void Scale()
    {
        var desired = _scale.Decide(new PoolScale(_warm.Count, _starting, _machine.CallsPerInstance, _machine.TargetUtilisation, Min: 0, _machine.MaxInstances, Floor: 0)).Desired;
        ExpireFrozen();
        while (_warm.Count + _starting < desired)
        {
            StartOne(forCall: false);
        }

        // Last in, first out: those at the front have gone without a call for longest.
        var surplus = _warm.Count + _starting - desired;
        for (var i = 0; i < _warm.Count && surplus > 0;)
        {
            var instance = _warm[i];
            if (instance.InFlight > 0 || !IsSince(instance, _machine.Autoscaler.SurplusIdle))
            {
                i++;
                continue;
            }

            _warm.RemoveAt(i);
            instance.Since = _time.Now;
            _frozen.Add(instance);
            surplus--;
        }
    }

    private bool IsSince(SimulatedInstance instance, TimeSpan span) => _time.Now - instance.Since >= (long)span.TotalMicroseconds;

    private void ExpireFrozen()
    {
        _frozenSeconds += _frozen.Count(i => IsSince(i, _machine.Frozen)) * _machine.Frozen.TotalSeconds;
        _frozen.RemoveAll(i => IsSince(i, _machine.Frozen));
    }

    private void StartWhereNeeded()
    {
        ExpireFrozen();
        while (_waiting.TryPeek(out var oldest))
        {
            var start = _frozen.Count > 0 ? _machine.Thaw : _machine.Start;
            var load = new PoolLoad(_waiting.Count, TimeSpan.FromMicroseconds(_time.Now - oldest.At), _warm.Count, _warm.Count, _starting, _callDuration, start);
            if (!ScaleOut.ShouldStart(load, _machine.MaxInstances, _machine.CallsPerInstance))
            {
                return;
            }

            StartOne(forCall: true);
        }
    }

    private void StartOne(bool forCall)
    {
        _starting++;
        if (_frozen.Count == 0)
        {
            Schedule(_time.Now + (long)_machine.Start.TotalMicroseconds, new Event(EventKind.InstanceReady, new SimulatedInstance(), Fresh: true));
            return;
        }

        var thawed = _frozen[^1];
        _frozen.RemoveAt(_frozen.Count - 1);
        _frozenSeconds += (_time.Now - thawed.Since) / 1e6;
        _thaws += forCall ? 1 : 0;
        Schedule(_time.Now + (long)_machine.Thaw.TotalMicroseconds, new Event(EventKind.InstanceReady, thawed));
    }

    private void Serve(SimulatedInstance instance, SimulatedCall call)
    {
        instance.InFlight++;
        _waits.Add(_time.Now - call.At);

        // The last one used is the first to be used again.
        _warm.Remove(instance);
        _warm.Add(instance);
        Schedule(_time.Now + call.Duration, new Event(EventKind.CallEnds, instance, call));
    }

    private bool HasPlace(SimulatedInstance instance) => instance.InFlight < _machine.CallsPerInstance;

    private void Schedule(long at, Event what) => _events.Enqueue(what, (at, _order++));

    private void Pass(long time)
    {
        while (_accounted < time)
        {
            var second = _accounted / Second;
            var until = _warm.Count + _starting == 0 ? time : Math.Min(time, (second + 1) * Second);
            if (second < _warmBySecond.Length)
            {
                _warmBySecond[second] += (_warm.Count + _starting) * ((until - _accounted) / 1e6);
            }

            _accounted = until;
        }

        _time.Now = time;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Event(EventKind Kind, SimulatedInstance? Instance = null, SimulatedCall Call = default, bool Fresh = false);
}
