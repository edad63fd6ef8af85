using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Index;
using Virga.State.Keys;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Index;

public sealed class KeyIndexTests
{
    private static readonly NodeName A = NodeName.Parse("a");
    private static readonly NodeName B = NodeName.Parse("b");

    [Fact]
    public void A_drop_that_a_later_hold_has_overtaken_does_not_undo_it()
    {
        var index = new KeyIndex(1);
        index.Add(A, [Key("k")], 1);
        index.Add(A, [Key("k")], 3);
        index.Remove(A, [Key("k")], 2);

        Holders(index, "k").ShouldBe([A]);
        index.Remove(A, [Key("k")], 4);
        Holders(index, "k").ShouldBeEmpty();
        index.Count.ShouldBe(0);
    }

    [Fact]
    public void A_holder_that_was_forgotten_sees_it_by_its_epoch_and_others_keep_theirs()
    {
        var index = new KeyIndex(1);
        var a = index.Add(A, [Key("k")], 1);
        var b = index.Add(B, [Key("k")], 1);
        index.Add(A, [], 2).ShouldBe(a);

        index.Forget(A);

        index.Add(A, [], 3).ShouldNotBe(a);
        index.Add(B, [], 2).ShouldBe(b);
        Holders(index, "k").ShouldBe([B]);
    }

    [Fact]
    public void Only_the_keys_of_a_node_that_is_gone_get_another_home()
    {
        var before = new KeyHomes(View("a", "b", "c", "d"));
        var after = new KeyHomes(View("a", "b", "d"));
        var counts = new Dictionary<NodeName, int>();
        for (var i = 0; i < 4000; i++)
        {
            var key = Key($"key-{i}");
            var home = before.Of(key);
            counts[home] = counts.GetValueOrDefault(home) + 1;
            if (home.Value != "c")
            {
                after.Of(key).ShouldBe(home);
            }
        }

        counts.Count.ShouldBe(4);
        counts.Values.ShouldAllBe(count => count > 800 && count < 1200);
    }

    [Fact]
    public void The_home_of_a_key_is_the_same_in_every_process() => new KeyHomes(View("n0", "n1", "n2")).Of(Key("greeting")).Value.ShouldBe("n2");

    private static ClusterView View(params string[] names) => new(1, [.. names.Select(static name => new ClusterMember(NodeName.Parse(name), 1, "", 0))]);

    private static List<NodeName> Holders(KeyIndex index, string key)
    {
        var holders = new List<NodeName>();
        index.HoldersOf(Key(key), holders);
        return holders;
    }
}
