namespace Virga.Composition.Tests.Dags.Simulation;

/// <summary>
/// Everything that may happen next in a simulated cluster: messages that arrive, functions that end, timers that run out. A seed decides what happens first; all of it on one
/// thread, so that the same seed gives the same history.
/// </summary>
internal sealed class SimulatedEvents(int seed)
{
    private readonly List<Action> _events = [];

    public Random Random { get; } = new(seed);

    public int Happened { get; private set; }

    public void Add(Action happens) => _events.Add(happens);

    /// <summary>Lets one thing happen; false when nothing can.</summary>
    public bool Step()
    {
        if (_events.Count == 0)
        {
            return false;
        }

        var index = Random.Next(_events.Count);
        var happens = _events[index];
        _events.RemoveAt(index);
        Happened++;
        happens();
        return true;
    }

    /// <summary>Lets all happen that can.</summary>
    public void Run(int atMost = 100_000)
    {
        while (Step())
        {
            (--atMost).ShouldBeGreaterThan(0, "the simulation does not come to an end");
        }
    }
}
