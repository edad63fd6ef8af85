using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.State.Tests.Simulation;

/// <summary>How bad the network is.</summary>
/// <param name="Delay">The longest usual way of a message, in milliseconds.</param>
/// <param name="SlowChance">How often a message takes much longer.</param>
/// <param name="BreakChance">How often a connection breaks under a message: it, or its answer, is lost, and the sender learns that.</param>
/// <param name="TwiceChance">How often a message arrives twice.</param>
internal sealed record NetworkFaults(double Delay = 1, double SlowChance = 0, double BreakChance = 0, double TwiceChance = 0);

/// <summary>All links between the nodes of a world.</summary>
internal sealed class SimulatedNetwork(SimulatedWorld world, NetworkFaults faults)
{
    private readonly Dictionary<NodeName, SimulatedLink> _links = [];
    private readonly Dictionary<(NodeName From, NodeName To), long> _lastArrival = [];
    private readonly HashSet<(NodeName, NodeName)> _cuts = [];

    public SimulatedWorld World => world;

    /// <summary>Messages that somebody may want to spoil; false loses them silently.</summary>
    public Func<NodeName, NodeName, NodeTopic, bool> Lets { get; set; } = static (_, _, _) => true;

    /// <summary>What becomes of a message's body on its way.</summary>
    public Func<NodeTopic, byte[], byte[]> Changes { get; set; } = static (_, body) => body;

    /// <summary>From now on messages are neither slow nor lost nor repeated; what is cut stays so until it is healed.</summary>
    public bool IsFaultless { get; set; }

    public void Connect(SimulatedLink link) => _links[link.Self] = link;

    public void Disconnect(SimulatedLink link)
    {
        link.IsDead = true;
        if (ReferenceEquals(_links.GetValueOrDefault(link.Self), link))
        {
            _links.Remove(link.Self);
        }
    }

    public void Cut(NodeName a, NodeName b)
    {
        _cuts.Add((a, b));
        _cuts.Add((b, a));
    }

    public void Heal() => _cuts.Clear();

    /// <summary>Sends; <paramref name="lost"/> when it did not arrive, or the connection broke.</summary>
    public void Send(SimulatedLink from, NodeName to, NodeTopic topic, byte[] body, Action<ReadOnlyMemory<byte>>? answered, Action<string>? lost)
    {
        if (from.IsDead)
        {
            return;
        }

        if (!Lets(from.Self, to, topic))
        {
            answered?.Invoke(ReadOnlyMemory<byte>.Empty);
            return;
        }

        body = Changes(topic, body);
        var breaks = !IsFaultless && world.Random.Chance(faults.BreakChance) ? world.Random.Next(2) + 1 : 0;
        Arrive(from.Self, to, () =>
        {
            if (breaks == 1 || _cuts.Contains((from.Self, to)) || !_links.TryGetValue(to, out var target))
            {
                Lose(from, lost, "the connection broke.");
                return;
            }

            Deliver(from, target, topic, body, breaks == 2 ? null : answered, lost);
        });
        if (!IsFaultless && world.Random.Chance(faults.TwiceChance))
        {
            Arrive(from.Self, to, () =>
            {
                if (!_cuts.Contains((from.Self, to)) && _links.TryGetValue(to, out var target))
                {
                    Deliver(from, target, topic, body, null, null);
                }
            });
        }
    }

    private async void Deliver(SimulatedLink from, SimulatedLink target, NodeTopic topic, byte[] body, Action<ReadOnlyMemory<byte>>? answered, Action<string>? lost)
    {
        try
        {
            var answer = await target.HandleAsync(from.Self, topic, body);
            if (target.IsDead)
            {
                return;
            }

            var copy = answer.ToArray();
            Arrive(target.Self, from.Self, () =>
            {
                if (answered is null || _cuts.Contains((target.Self, from.Self)))
                {
                    Lose(from, lost, "the connection broke before the answer.");
                }
                else if (!from.IsDead)
                {
                    answered(copy);
                }
            });
        }
        catch (Exception e)
        {
            Lose(from, lost, e.Message);
        }
    }

    // A link tells of a broken connection a little later.
    private void Lose(SimulatedLink from, Action<string>? lost, string reason) => world.After(world.Between(1, 50), () =>
    {
        if (!from.IsDead)
        {
            lost?.Invoke(reason);
        }
    });

    // What goes one way between two nodes keeps its order, as on a connection; nothing is said about others.
    private void Arrive(NodeName from, NodeName to, Action action)
    {
        var delay = !IsFaultless && world.Random.Chance(faults.SlowChance) ? world.Between(0, faults.Delay * 200) : world.Between(0.05, faults.Delay);
        var at = Math.Max(world.Now + delay.Ticks, _lastArrival.GetValueOrDefault((from, to)));
        _lastArrival[(from, to)] = at;
        world.At(at, action);
    }
}
