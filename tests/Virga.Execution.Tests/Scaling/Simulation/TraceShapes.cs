namespace Virga.Execution.Tests.Scaling.Simulation;

/// <summary>
/// Traces in the shapes that Shahrad et al. published of a large provider's functions ("Serverless in the Wild", USENIX ATC 2020: the
/// 2019 traces): load with the time of day, bursts, inter-arrival times whose deviation is a multiple of their mean, timers, and execution
/// times that are log-normal. Generated from a seed, for the traces themselves count calls by the minute only.
/// </summary>
internal sealed class TraceShapes(int seed)
{
    private const double Second = 1e6;
    private readonly Random _random = new(seed);

    /// <summary>Calls by chance (Poisson) at one rate.</summary>
    public Trace Steady(TimeSpan length, double perSecond, double callSeconds) =>
        Poisson("steady", length, perSecond, _ => perSecond, callSeconds);

    /// <summary>From night to noon and back within the trace, as a sine; at night a tenth of the load at noon.</summary>
    public Trace Diurnal(TimeSpan length, double noonPerSecond, double callSeconds) =>
        Poisson("diurnal", length, noonPerSecond, t => noonPerSecond * (0.55 - (0.45 * Math.Cos(2 * Math.PI * t / length.TotalSeconds))), callSeconds);

    /// <summary>From nothing to the top in a straight line, and back.</summary>
    public Trace Ramp(TimeSpan length, double topPerSecond, double callSeconds) =>
        Poisson("ramp", length, topPerSecond, t => topPerSecond * (1 - Math.Abs((2 * t / length.TotalSeconds) - 1)), callSeconds);

    /// <summary>A steady load with bursts of several times as much. They come by chance, ten minutes apart on average, and last from a time to eight times that.</summary>
    public Trace Spiky(TimeSpan length, double perSecond, double factor, double callSeconds, double shortestSeconds = 60)
    {
        var bursts = new List<(double From, double To)>();
        for (var at = Exponential(600); at < length.TotalSeconds; at += Exponential(600))
        {
            var from = at;
            at += shortestSeconds * (1 + (7 * _random.NextDouble()));
            bursts.Add((from, at));
        }

        return Poisson("spiky", length, perSecond * factor, t => bursts.Exists(b => t >= b.From && t < b.To) ? perSecond * factor : perSecond, callSeconds);
    }

    /// <summary>Sessions of calls: the pauses between calls are Pareto distributed with an infinite variance.</summary>
    public Trace HeavyTailed(TimeSpan length, double perSecond, double callSeconds)
    {
        const double shape = 1.5;
        var shortest = (shape - 1) / shape / perSecond;
        var calls = new List<SimulatedCall>();
        for (var at = 0.0; at < length.TotalSeconds; at += shortest * Math.Pow(1 - _random.NextDouble(), -1 / shape))
        {
            calls.Add(Call(at, callSeconds));
        }

        return new Trace("heavy-tailed", length, [.. calls]);
    }

    /// <summary>A timer's calls: one period apart, but for a moment's jitter.</summary>
    public Trace Timer(TimeSpan length, double periodSeconds, double callSeconds)
    {
        var calls = new List<SimulatedCall>();
        for (var at = _random.NextDouble() * periodSeconds; at < length.TotalSeconds; at += periodSeconds)
        {
            calls.Add(Call(at + (0.05 * _random.NextDouble()), callSeconds));
        }

        return new Trace("timer", length, [.. calls]);
    }

    /// <summary>
    /// Functions of one application platform: rates over many orders of magnitude, of which half are called less than once an hour and four in
    /// five less than once a minute, as published; a quarter of them timers, the others by chance or in bursts of calls.
    /// </summary>
    public IEnumerable<Trace> Population(int functions, TimeSpan length)
    {
        for (var i = 0; i < functions; i++)
        {
            // Log-normal: the median is 1 an hour, and 80 % are below 1 a minute.
            var perSecond = Math.Min(0.1, Math.Exp(Normal() * Math.Log(60) / 0.8416) / 3600);
            var callSeconds = Math.Clamp(Math.Exp(-0.38 + (2.36 * Normal() / 2)), 0.005, 20);
            yield return (i % 4) switch
            {
                0 => Timer(length, Math.Clamp(1 / perSecond, 60, 86_400), callSeconds),
                1 => Sessions(length, perSecond, callSeconds),
                _ => Steady(length, perSecond, callSeconds),
            };
        }
    }

    /// <summary>Bursts of a few calls, some seconds from each other, and long pauses: the deviation of the pauses is a multiple of their mean.</summary>
    private Trace Sessions(TimeSpan length, double perSecond, double callSeconds)
    {
        const double callsPerSession = 8;
        var calls = new List<SimulatedCall>();
        for (var at = Exponential(callsPerSession / perSecond); at < length.TotalSeconds; at += Exponential(callsPerSession / perSecond))
        {
            var count = 1 + (int)Exponential(callsPerSession - 1);
            for (var (call, moment) = (0, at); call < count && moment < length.TotalSeconds; call++, moment += Exponential(4))
            {
                calls.Add(Call(moment, callSeconds));
            }
        }

        return new Trace("sessions", length, [.. calls.OrderBy(c => c.At)]);
    }

    // By thinning: candidates at the highest rate are kept with the probability of the moment's.
    private Trace Poisson(string name, TimeSpan length, double highest, Func<double, double> perSecondAt, double callSeconds)
    {
        var calls = new List<SimulatedCall>();
        for (var at = Exponential(1 / highest); at < length.TotalSeconds; at += Exponential(1 / highest))
        {
            if (_random.NextDouble() * highest < perSecondAt(at))
            {
                calls.Add(Call(at, callSeconds));
            }
        }

        return new Trace(name, length, [.. calls]);
    }

    // Log-normal about the given mean: most are shorter, few are much longer.
    private SimulatedCall Call(double at, double callSeconds)
    {
        const double deviation = 0.8;
        var seconds = callSeconds * Math.Exp((deviation * Normal()) - (deviation * deviation / 2));
        return new SimulatedCall((long)(at * Second), Math.Max(1, (long)(seconds * Second)));
    }

    private double Exponential(double mean) => -mean * Math.Log(1 - _random.NextDouble());

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
