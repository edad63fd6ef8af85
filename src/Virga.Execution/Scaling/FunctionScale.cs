namespace Virga.Execution.Scaling;

/// <summary>
/// What one function version's scaling remembers: its concurrency, its last call and the autoscaler's state.
/// Not safe for use by several threads: the lock of the function's pool guards it.
/// </summary>
internal sealed class FunctionScale
{
    private readonly AutoscalerSettings _settings;
    private readonly TimeProvider _time;
    private readonly ConcurrencyMeter _meter;
    private readonly long _since;
    private long _lastCall;
    private AutoscalerState _state;

    public FunctionScale(AutoscalerSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _since = _lastCall = time.GetTimestamp();
        _meter = new ConcurrencyMeter(_since, time.TimestampFrequency);
    }

    /// <summary>What was decided last.</summary>
    public ScaleDecision Last { get; private set; }

    /// <summary>Calls at the moment, those included that wait.</summary>
    public int Concurrency => _meter.Concurrency;

    /// <summary>Notes a call that came: +1 when it is given a place or begins to wait for one.</summary>
    public void CallCame(long timestamp) => _meter.Change(1, timestamp);

    /// <summary>Notes a call that ended, or gave up waiting.</summary>
    public void CallEnded(long timestamp)
    {
        _meter.Change(-1, timestamp);
        _lastCall = timestamp;
    }

    /// <summary>Calls at a time over the stable window.</summary>
    public double AverageConcurrency() => _meter.Average(_settings.StableWindow, _time.GetTimestamp());

    /// <summary>How many instances are wanted now; to be asked about once a second.</summary>
    public ScaleDecision Decide(in PoolScale pool)
    {
        var now = _time.GetTimestamp();
        var decision = Autoscaler.Decide(
            new ScaleObservation
            {
                Age = _time.GetElapsedTime(_since, now),
                StableAverage = _meter.Average(_settings.StableWindow, now),
                PanicAverage = _meter.Average(_settings.PanicWindow, now),
                Concurrency = _meter.Concurrency,
                SinceLastCall = _meter.Concurrency > 0 ? TimeSpan.Zero : _time.GetElapsedTime(_lastCall, now),
                Ready = pool.Ready,
                Starting = pool.Starting,
                CallsPerInstance = pool.CallsPerInstance,
                TargetUtilisation = pool.TargetUtilisation,
                Min = pool.Min,
                Max = pool.Max,
                Floor = pool.Floor,
            },
            _settings,
            _state);
        _state = decision.State;
        Last = decision;
        return decision;
    }
}
