using FsCheck;
using FsCheck.Fluent;
using Virga.Composition.Placement;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Tests.Placement;

/// <summary>Where a call runs.</summary>
public sealed class NodeChoiceTests
{
    private static readonly string[] Keys = ["a", "b", "c", "d"];

    [Fact]
    public void The_node_with_most_of_the_keys_runs_the_call_unless_it_alone_is_avoided() =>
        Prop.ForAll<byte[], byte[], byte>(CheckChoice).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private static void CheckChoice(byte[] held, byte[] loads, byte nearAt)
    {
        var cluster = new Situation(held, loads, nearAt);

        var chosen = cluster.View.Find(cluster.Choose(static () => 0.99))!;

        var open = cluster.View.Members.Where(member => !Situation.IsAvoided(member)).ToList();
        open = open.Count == 0 ? [.. cluster.View.Members] : open;
        open.ShouldContain(chosen);
        var most = open.Max(member => cluster.Count(member.Name));
        cluster.Count(chosen.Name).ShouldBe(most);
        var equal = open.Where(member => cluster.Count(member.Name) == most).ToList();
        if (equal.Exists(member => member.Name == cluster.Near))
        {
            chosen.Name.ShouldBe(cluster.Near);
        }
        else
        {
            chosen.Load.ShouldBe(equal.Min(member => member.Load));
        }
    }

    [Fact]
    public void A_fifth_of_the_calls_whose_keys_a_node_has_goes_to_any_node()
    {
        var rules = new PlacementRules(new Random(11), new SettableTime());
        var view = ViewOf(0, 0, 0, 0);
        var chosen = Enumerable.Range(0, 10_000)
            .Select(_ => NodeChoice.Of(["k"], view.Members[0].Name, view, _ => [view.Members[3].Name], rules.IsAvoided, rules.Draw))
            .CountBy(static node => node.Value).ToDictionary();

        // Of the fifth a quarter comes to the holder as well.
        chosen["n3"].ShouldBeInRange(8300, 8700);
        chosen["n0"].ShouldBeInRange(400, 600);
        chosen["n1"].ShouldBeInRange(400, 600);
        chosen["n2"].ShouldBeInRange(400, 600);
    }

    [Fact]
    public void A_call_without_keys_or_whose_keys_nobody_has_stays_where_its_input_is()
    {
        var view = ViewOf(0.6, 0, 0);

        for (var draw = 0.0; draw < 1; draw += 0.1)
        {
            NodeChoice.Of([], view.Members[0].Name, view, static _ => throw new InvalidOperationException("There is no key to ask for."), static _ => false, () => draw).ShouldBe(view.Members[0].Name);
            NodeChoice.Of(["k"], view.Members[0].Name, view, static _ => [], static _ => false, () => draw).ShouldBe(view.Members[0].Name);
        }
    }

    [Fact]
    public void A_node_that_was_busy_is_avoided_until_it_has_cooled()
    {
        var time = new SettableTime();
        var rules = new PlacementRules(new Random(1), time);
        var (calm, busy) = (ViewOf(0.7).Members[0], ViewOf(0.71).Members[0]);

        rules.IsAvoided(calm).ShouldBeFalse();
        rules.IsAvoided(busy).ShouldBeTrue();
        time.Now += (PlacementRules.Cooling - TimeSpan.FromMilliseconds(1));
        rules.IsAvoided(calm).ShouldBeTrue();
        time.Now += (TimeSpan.FromMilliseconds(1));
        rules.IsAvoided(calm).ShouldBeFalse();
    }

    private sealed class SettableTime : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    private static ClusterView ViewOf(params double[] loads) => new(1, [.. loads.Select(static (load, i) => new ClusterMember(NodeName.Parse($"n{i}"), 1, "", load))]);

    private sealed class Situation
    {
        private readonly Dictionary<string, List<NodeName>> _holders = [];

        public Situation(byte[] held, byte[] loads, byte nearAt)
        {
            View = ViewOf([.. loads.Take(5).Append((byte)0).Select(static load => load / 255.0)]);
            Near = View.Members[nearAt % View.Members.Count].Name;
            foreach (var (at, key) in Keys.Index())
            {
                var bits = at < held.Length ? held[at] : 0;
                _holders[key] = [.. View.Members.Index().Where(member => (bits >> member.Index & 1) != 0).Select(static member => member.Item.Name)];
            }
        }

        public ClusterView View { get; }

        public NodeName Near { get; }

        public static bool IsAvoided(ClusterMember member) => member.Load > PlacementRules.BusyAbove;

        public int Count(NodeName node) => Keys.Count(key => _holders[key].Contains(node));

        public NodeName Choose(Func<double> draw) => NodeChoice.Of(Keys, Near, View, key => _holders[key], IsAvoided, draw);
    }
}
