using System.Text;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;
using Virga.State.Updates;

namespace Virga.State.Tests.Updates;

public sealed class StateUpdateTests
{
    private static readonly string[] OneOfEach =
    [
        """{"lww":1}""", """{"counter":{"increment":1}}""", """{"set":{"add":["a"]}}""", """{"growSet":{"add":["a"]}}""",
        """{"orderedSet":{"add":[{"member":"a","score":1}]}}""", """{"map":{"put":{"f":1}}}""", """{"max":5}""", """{"min":5}""", """{"flag":true}""", """{"log":{"append":["x"]}}""",
        """{"hyperLogLog":{"add":["a"]}}""", """{"countMin":{"add":["a"]}}""", """{"quantiles":{"add":[1]}}""", """{"topK":{"add":["a"]}}""", """{"bloom":{"add":["a"]}}""",
        """{"theta":{"add":["a"]}}""", """{"reservoir":{"add":["a"]}}""",
    ];

    private ulong _now = HybridTimestamp.At(1000).Value;

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var first in OneOfEach)
            {
                foreach (var second in OneOfEach.Where(second => second != first))
                {
                    pairs.Add(first, second);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [InlineData("""{"lww":{"a":[1,"é\u00e9",null]}}""", """{"a":[1,"éé",null]}""", """{"a":[1,"éé",null]}""")]
    [InlineData("""{"lww":"text"}""", "\"text\"", "\"text\"")]
    [InlineData("""{"counter":{"increment":5}}""", "5", "5")]
    [InlineData("""{"counter":{"increment":-9223372036854775808}}""", "-9223372036854775808", "-9223372036854775808")]
    [InlineData("""{"counter":{"increment":0}}""", "0", "0")]
    [InlineData("""{"set":{"add":["b","a","b",1]}}""", """{"size":3,"added":3,"removed":0}""", """[1,"a","b"]""")]
    [InlineData("""{"set":{"add":[{"b":1,"a":2.0}, {"a":2,"b":1e0}]}}""", """{"size":1,"added":1,"removed":0}""", """[{"a":2,"b":1}]""")]
    [InlineData("""{"set":{"add":[1, 1.0, 1e0, 10E-1]}}""", """{"size":1,"added":1,"removed":0}""", "[1]")]
    [InlineData("""{"set":{"add":[0, -0, -0.0, 0.1, 1e300, 1e18, 1000000000000000000]}}""", """{"size":4,"added":4,"removed":0}""", "[0,0.1,1000000000000000000,1E+300]")]
    [InlineData("""{"set":{"remove":["a"]}}""", """{"size":0,"added":0,"removed":0}""", "[]")]
    [InlineData("""{"growSet":{"add":["a","a",[]]}}""", """{"size":2,"added":2}""", """[[],"a"]""")]
    [InlineData("""{"orderedSet":{"add":[{"member":"a","score":1.5},{"score":-1,"member":{"x":1}}]}}""", """{"size":2}""", """[{"member":{"x":1},"score":-1},{"member":"a","score":1.5}]""")]
    [InlineData("""{"map":{"put":{"f":1,"g":{"x":[1, 2]}},"remove":["h"],"update":{"c":{"counter":{"increment":1}},"s":{"set":{"add":["x"]}}}}}""", """{"size":4}""", """{"c":1,"f":1,"g":{"x":[1,2]},"s":["x"]}""")]
    [InlineData("""{"map":{"update":{"m":{"map":{"put":{"deep":true}}}}}}""", """{"size":1}""", """{"m":{"deep":true}}""")]
    [InlineData("""{"max":5}""", "5", "5")]
    [InlineData("""{"min":-2.5e3}""", "-2500", "-2500")]
    [InlineData("""{"max":-0.0}""", "0", "0")]
    [InlineData("""{"max":9007199254740992}""", "9007199254740992", "9007199254740992")]
    [InlineData("""{"max":1e300}""", "1E+300", "1E+300")]
    [InlineData("""{"flag":true}""", "true", "true")]
    [InlineData("""{"log":{"append":["x",{"b":1,"a":1}]}}""", """{"size":2}""", """["x",{"a":1,"b":1}]""")]
    [InlineData("""{"log":{"append":[1,2,3],"keep":2}}""", """{"size":2}""", "[2,3]")]
    [InlineData("""{"hyperLogLog":{"add":["a",1,1.0,"a",{"x":1,"y":2},{"y":2,"x":1}],"precision":12}}""", """{"added":6}""", "3")]
    [InlineData("""{"hyperLogLog":{}}""", """{"added":0}""", "0")]
    [InlineData("""{"countMin":{"add":["a","a"],"weighted":[{"value":"b","weight":3}],"error":0.01,"confidence":0.9}}""", """{"added":3}""", """{"total":5}""")]
    [InlineData("""{"countMin":{"add":[]}}""", """{"added":0}""", """{"total":0}""")]
    [InlineData("""{"quantiles":{"add":[3,1,2.5,-0.0],"size":50}}""", """{"added":4}""", """{"count":4,"min":0,"p50":1,"p90":3,"p99":3,"p999":3,"max":3}""")]
    [InlineData("""{"quantiles":{"add":[]}}""", """{"added":0}""", """{"count":0,"min":null,"p50":null,"p90":null,"p99":null,"p999":null,"max":null}""")]
    [InlineData("""{"topK":{"add":["a","b","a",1],"weighted":[{"weight":5,"value":1.0}],"size":10}}""", """{"added":5}""", """[{"value":1,"count":6,"error":0},{"value":"a","count":2,"error":0},{"value":"b","count":1,"error":0}]""")]
    [InlineData("""{"topK":{"add":["a","a","b"],"size":1}}""", """{"added":3}""", """[{"value":"b","count":3,"error":2}]""")]
    [InlineData("""{"bloom":{"add":[],"capacity":1000}}""", """{"added":0}""", """{"estimate":0,"falsePositives":0}""")]
    [InlineData("""{"theta":{"add":["a","b","a"],"size":16}}""", """{"added":3}""", "2")]
    [InlineData("""{"reservoir":{"add":["a"],"weighted":[],"size":3}}""", """{"added":1}""", """["a"]""")]
    public void An_update_gives_its_result_and_the_key_its_JSON_form(string update, string result, string form)
    {
        var (record, given) = Update(null, update);
        given.ShouldBe(result);
        Form(record).ShouldBe(form);
    }

    [Theory]
    [InlineData("", "cannot be read")]
    [InlineData("{", "cannot be read")]
    [InlineData("[]", "At $: an object with exactly one member")]
    [InlineData("{}", "At $: an object with exactly one member")]
    [InlineData("""{"lww":1,"max":2}""", "At $: an object with exactly one member")]
    [InlineData("""{"lww":1,"lww":2}""", "cannot be read")]
    [InlineData("""{"sets":{"add":["a"]}}""", "At $: there is no update 'sets'")]
    [InlineData("""{"causal":1}""", "there is no update 'causal'")]
    [InlineData("""{"counter":5}""", "At $.counter: an object")]
    [InlineData("""{"counter":{"decrement":5}}""", "At $.counter: {\"increment\":NUMBER}")]
    [InlineData("""{"counter":{"increment":"5"}}""", "At $.counter.increment: an integer of 64 bits")]
    [InlineData("""{"counter":{"increment":1.5}}""", "At $.counter.increment: an integer of 64 bits")]
    [InlineData("""{"counter":{"increment":9223372036854775808}}""", "At $.counter.increment: an integer of 64 bits")]
    [InlineData("""{"set":["a"]}""", "At $.set: an object")]
    [InlineData("""{"set":{"put":["a"]}}""", "At $.set.put: only 'add' and 'remove'")]
    [InlineData("""{"set":{"add":"a"}}""", "At $.set.add: an array")]
    [InlineData("""{"set":{"add":["a"],"remove":["b","a"]}}""", "At $.set.remove[1]: the update names this element twice")]
    [InlineData("""{"set":{"add":[1,12345678901234567890]}}""", "At $.set.add[1]: the number 12345678901234567890 is beyond")]
    [InlineData("""{"set":{"add":[1e999]}}""", "At $.set.add[0]: the number 1e999 is beyond")]
    [InlineData("""{"set":{"add":["\ud800"]}}""", "At $.set.add[0]: a text has a \\u escape that is half of a pair")]
    [InlineData("""{"set":{"add":[["\udc00x"]]}}""", "At $.set.add[0]: a text has a \\u escape that is half of a pair")]
    [InlineData("""{"lww":{"\ud800":1}}""", "half of a pair")]
    [InlineData("""{"\ud800":{}}""", "half of a pair")]
    [InlineData("""{"growSet":{"remove":["a"]}}""", "At $.growSet: {\"add\":[…]} is expected")]
    [InlineData("""{"orderedSet":{"add":[{"member":"a"}]}}""", "At $.orderedSet.add[0]: both 'member' and 'score'")]
    [InlineData("""{"orderedSet":{"add":[{"member":"a","score":1,"rank":1}]}}""", "At $.orderedSet.add[0].rank: only")]
    [InlineData("""{"orderedSet":{"add":[{"member":"a","score":1},{"member":"a","score":2}]}}""", "At $.orderedSet.add[1].member: the update names this element twice")]
    [InlineData("""{"orderedSet":{"add":[{"member":"a","score":null}]}}""", "At $.orderedSet.add[0].score: a number")]
    [InlineData("""{"map":{"put":{"f":1},"remove":["f"]}}""", "At $.map.remove[0]: the update names this field twice")]
    [InlineData("""{"map":{"put":{"":1}}}""", "At $.map.put.: a field has 1 to 1024 bytes")]
    [InlineData("""{"map":{"remove":[1]}}""", "At $.map.remove[0]: a text")]
    [InlineData("""{"map":{"update":{"f":{"what":1}}}}""", "At $.map.update.f: there is no update 'what'")]
    [InlineData("""{"max":"5"}""", "At $.max: a number")]
    [InlineData("""{"max":9007199254740993}""", "At $.max: an integer is at most 2^53")]
    [InlineData("""{"min":1e999}""", "At $.min: a number")]
    [InlineData("""{"flag":false}""", "At $.flag: a flag is only ever set to true")]
    [InlineData("""{"flag":1}""", "At $.flag: true or false")]
    [InlineData("""{"hyperLogLog":["a"]}""", "At $.hyperLogLog: an object")]
    [InlineData("""{"hyperLogLog":{"remove":["a"]}}""", "At $.hyperLogLog.remove: only 'add', 'merge' and 'precision' are known here")]
    [InlineData("""{"hyperLogLog":{"add":["a"],"precision":3}}""", "At $.hyperLogLog.precision: a number from 4 to 18")]
    [InlineData("""{"hyperLogLog":{"merge":["?"]}}""", "At $.hyperLogLog.merge[0]: '?' is no base64")]
    [InlineData("""{"hyperLogLog":{"merge":["AAAA"]}}""", "At $.hyperLogLog.merge[0]: this is no sketch: There is no lattice of kind 0")]
    [InlineData("""{"hyperLogLog":{"merge":["Cg=="]}}""", "At $.hyperLogLog.merge[0]: a sketch of the kind 'hyperLogLog' is expected")]
    [InlineData("""{"hyperLogLog":{"merge":[""]}}""", "At $.hyperLogLog.merge[0]: this is no sketch")]
    [InlineData("""{"countMin":{"weighted":[{"value":"a"}]}}""", "At $.countMin.weighted[0]: both 'value' and 'weight'")]
    [InlineData("""{"countMin":{"weighted":[{"value":"a","weight":0}]}}""", "At $.countMin.weighted[0].weight: a number from 1 to 2^53")]
    [InlineData("""{"countMin":{"weighted":[{"value":"a","weight":1,"x":1}]}}""", "At $.countMin.weighted[0].x: only 'value' and 'weight'")]
    [InlineData("""{"countMin":{"error":0}}""", "At $.countMin.error: a number from 1E-05 to 0.5")]
    [InlineData("""{"countMin":{"error":0.00001,"confidence":0.99}}""", "At $.countMin: so small an error with such confidence would take more than 2^20 counts")]
    [InlineData("""{"quantiles":{"add":["1"]}}""", "At $.quantiles.add[0]: a number")]
    [InlineData("""{"quantiles":{"size":7}}""", "At $.quantiles.size: a number from 8 to 4096")]
    [InlineData("""{"topK":{"add":"a"}}""", "At $.topK.add: an array")]
    [InlineData("""{"topK":{"size":0}}""", "At $.topK.size: a number from 1 to 4096")]
    [InlineData("""{"topK":{"merge":[]}}""", "At $.topK.merge: only 'add', 'weighted' and 'size'")]
    [InlineData("""{"bloom":{"falsePositives":0.6}}""", "At $.bloom.falsePositives: a number from 1E-06 to 0.5")]
    [InlineData("""{"bloom":{"capacity":1000000000}}""", "At $.bloom: a filter for so many values with so few wrong answers would take more than 8 MiB")]
    [InlineData("""{"theta":{"size":15}}""", "At $.theta.size: a number from 16 to 65536")]
    [InlineData("""{"reservoir":{"weighted":[{"value":"a","weight":0}]}}""", "At $.reservoir.weighted[0].weight: a number greater than 0")]
    [InlineData("""{"log":{"append":"x"}}""", "At $.log.append: an array")]
    [InlineData("""{"log":{"keep":0}}""", "At $.log.keep: a number from 1 to 100000")]
    [InlineData("""{"log":{"keep":100001}}""", "At $.log.keep: a number from 1 to 100000")]
    public void A_malformed_update_is_refused_with_its_place(string update, string expected) => Refusal(() => Parse(update), "invalid-update").ShouldContain(expected);

    [Fact]
    public void An_update_that_is_no_UTF8_is_refused() => Refusal(() => StateUpdate.Parse(new byte[] { (byte)'"', 0xff, (byte)'"' }), "invalid-update").ShouldContain("UTF-8");

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public void Maps_stand_sixteen_deep_and_no_deeper(int depth, bool allowed)
    {
        var json = string.Concat(Enumerable.Repeat("""{"map":{"update":{"m":""", depth)) + """{"flag":true}""" + string.Concat(Enumerable.Repeat("}}}", depth));
        if (allowed)
        {
            var record = Update(null, json).Record;
            History(record);
        }
        else
        {
            Refusal(() => Parse(json), "invalid-update").ShouldContain("16 deep");
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_key_keeps_its_kind(string first, string second)
    {
        var record = Update(null, first).Record;
        Refusal(() => Update(record, second), "state-kind-mismatch").ShouldContain("kind");
        Form(record).ShouldBe(Form(Update(null, first).Record));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_key_that_was_deleted_may_have_another_kind(string first, string second)
    {
        var deleted = Apply(Update(null, first).Record, new DeleteMutation(), 1);
        Form(Update(deleted, second).Record).ShouldBe(Form(Update(null, second).Record));
    }

    [Fact]
    public void A_field_of_another_kind_is_named()
    {
        var record = Update(null, """{"map":{"update":{"hits":{"counter":{"increment":1}}}}}""").Record;
        Refusal(() => Update(record, """{"map":{"put":{"hits":1}}}"""), "state-kind-mismatch").ShouldStartWith("Field 'hits': ");
    }

    [Fact]
    public void An_element_that_is_added_and_removed_at_the_same_time_stays()
    {
        var both = Update(null, """{"set":{"add":["a","b"]}}""").Record;
        var here = Update(both, """{"set":{"remove":["a","b"]}}""", 1);
        here.Result.ShouldBe("""{"size":0,"added":0,"removed":2}""");
        var there = Update(both, """{"set":{"add":["a"]}}""", 2);
        there.Result.ShouldBe("""{"size":2,"added":0,"removed":0}""");
        Form(here.Record.Merge(there.Record)).ShouldBe("""["a"]""");
    }

    [Fact]
    public void What_was_removed_stays_away_when_an_old_version_comes_again()
    {
        var old = Update(null, """{"set":{"add":["a"]}}""").Record;
        Form(Update(old, """{"set":{"remove":["a"]}}""").Record.Merge(old)).ShouldBe("[]");
    }

    [Fact]
    public void An_element_that_comes_again_and_again_takes_no_more_room()
    {
        StateRecord? record = null;
        for (var i = 0; i < 50; i++)
        {
            record = Update(record, """{"set":{"add":["a"]}}""", (ulong)(i % 2)).Record;
        }

        record!.EncodedBytes.ShouldBeLessThan(Update(null, """{"set":{"add":["a","b","c"]}}""").Record.EncodedBytes + 60);
        RecordEncoding.ToBytes(record).Length.ShouldBeLessThan(50);
    }

    [Fact]
    public void A_set_logs_one_element_and_not_the_set()
    {
        var record = Update(null, """{"set":{"add":[1,2,3,4,5,6,7,8,9,10]}}""").Record;
        Parse("""{"set":{"add":[11]}}""").Delta(record, Context(1)).Value.ShouldBeOfType<SetLattice>().Elements.Count().ShouldBe(1);
    }

    [Fact]
    public void Of_two_scores_the_later_holds_and_a_removal_takes_only_what_it_saw()
    {
        var first = Update(null, """{"orderedSet":{"add":[{"member":"a","score":1},{"member":"b","score":1}]}}""").Record;

        // The greater replica writes first: its update comes last in the set's own order.
        var early = Update(first, """{"orderedSet":{"add":[{"member":"a","score":7}]}}""", 3).Record;
        var late = Update(first, """{"orderedSet":{"add":[{"member":"a","score":5}],"remove":["b"]}}""", 2).Record;
        Form(early.Merge(late)).ShouldBe("""[{"member":"a","score":5}]""");
        Form(late.Merge(early)).ShouldBe("""[{"member":"a","score":5}]""");
        var removed = Update(first, """{"orderedSet":{"remove":["a"]}}""", 2).Record;
        Form(removed.Merge(early)).ShouldBe("""[{"member":"b","score":1},{"member":"a","score":7}]""");
    }

    [Fact]
    public void A_removed_field_begins_anew()
    {
        var record = Update(null, """{"map":{"update":{"c":{"counter":{"increment":5}}},"put":{"d":1}}}""").Record;
        var removed = Update(record, """{"map":{"remove":["c"]}}""");
        removed.Result.ShouldBe("""{"size":1}""");
        Form(Update(removed.Record, """{"map":{"update":{"c":{"counter":{"increment":1}}}}}""").Record).ShouldBe("""{"c":1,"d":1}""");
    }

    [Fact]
    public void Fields_that_two_nodes_put_and_remove_at_the_same_time_hold_what_came_later()
    {
        var record = Update(null, """{"map":{"put":{"a":1,"b":1}}}""").Record;
        var removes = Update(record, """{"map":{"remove":["a"],"put":{"b":2}}}""", 1).Record;
        var puts = Update(record, """{"map":{"put":{"a":3},"remove":["b"]}}""", 2).Record;
        Form(removes.Merge(puts)).ShouldBe("""{"a":3}""");
    }

    [Fact]
    public void A_map_logs_one_field_and_not_the_map()
    {
        var record = Update(null, """{"map":{"put":{"a":1,"b":1,"c":1}}}""").Record;
        Parse("""{"map":{"put":{"b":2}}}""").Delta(record, Context(1)).Value.ShouldBeOfType<MapLattice>().Fields.Keys.ShouldBe(["b"]);
    }

    [Fact]
    public void A_log_shows_the_last_entries_of_all_nodes_and_keeps_what_was_said_last()
    {
        var record = Update(null, """{"log":{"append":[1,2],"keep":3}}""").Record;
        var here = Update(record, """{"log":{"append":[3,4]}}""", 1).Record;
        var there = Update(record, """{"log":{"append":[5,6]}}""", 2).Record;
        Form(here.Merge(there)).ShouldBe("[4,5,6]");
        var more = Update(here.Merge(there), """{"log":{"append":[7],"keep":2}}""", 2).Record;
        Form(more).ShouldBe("[6,7]");
        more.Value.ShouldBeOfType<LogLattice>().Held.Count.ShouldBe(2);
        Form(Update(more, """{"log":{"append":[8]}}""", 2).Record.Merge(record)).ShouldBe("[7,8]");
    }

    [Fact]
    public void A_log_drops_old_entries_before_it_grows_too_large()
    {
        StateRecord? record = null;
        var entry = new string('x', StateLimits.MaxElementBytes - 100);
        var many = $$$"""{"log":{"append":[{{{string.Join(',', Enumerable.Repeat($"\"{entry}\"", 60))}}}]}}""";
        for (var i = 0; i < 5; i++)
        {
            record = Update(record, many).Record;
        }

        record!.EncodedBytes.ShouldBeLessThan(StateLimits.MaxValueBytes + 100);
        record.EncodedBytes.ShouldBeGreaterThan(StateLimits.MaxValueBytes - StateLimits.MaxElementBytes - 100);
        Form(Update(record, """{"log":{"append":["last"]}}""").Record).ShouldEndWith("\"last\"]");
    }

    [Theory]
    [InlineData("growSet")]
    [InlineData("set")]
    public void A_set_takes_no_more_than_a_key_may_hold_and_still_gives_back(string kind)
    {
        StateRecord? record = null;
        var filler = new string('x', 60_000);
        for (var i = 0; record is null || record.EncodedBytes < StateLimits.MaxValueBytes - 61_000; i++)
        {
            record = Update(record, $$$"""{"{{{kind}}}":{"add":["{{{i}}}{{{filler}}}"]}}""").Record;
        }

        Refusal(() => Update(record, $$$"""{"{{{kind}}}":{"add":["a{{{filler}}}","b{{{filler}}}"]}}"""), "value-too-large").ShouldContain("allowed");
        if (kind == "set")
        {
            Update(record, $$$"""{"set":{"remove":["0{{{filler}}}"]}}""").Record.EncodedBytes.ShouldBeLessThan(record.EncodedBytes - 60_000);
        }
    }

    [Theory]
    [InlineData("""{"hyperLogLog":{"add":[1],"precision":12}}""", """{"hyperLogLog":{"add":[2],"precision":13}}""", "a hyperLogLog of the precision 12")]
    [InlineData("""{"countMin":{"add":[1],"error":0.01}}""", """{"countMin":{"add":[2],"error":0.1}}""", "a countMin of 5 rows of 2^9 counts")]
    [InlineData("""{"quantiles":{"add":[1],"size":20}}""", """{"quantiles":{"add":[2],"size":21}}""", "a quantiles of the size 20")]
    [InlineData("""{"topK":{"add":[1]}}""", """{"topK":{"add":[2],"size":7}}""", "a topK of the size 100")]
    [InlineData("""{"bloom":{"add":[1],"capacity":1000}}""", """{"bloom":{"add":[2],"capacity":100000}}""", "a bloom of 2^14 bits")]
    [InlineData("""{"theta":{"add":[1]}}""", """{"theta":{"add":[2],"size":16}}""", "a theta of the size 4096")]
    [InlineData("""{"reservoir":{"add":[1],"size":5}}""", """{"reservoir":{"add":[2],"size":6}}""", "a reservoir of the size 5")]
    public void A_sketch_keeps_the_size_that_it_was_begun_with(string first, string other, string held)
    {
        var record = Update(null, first).Record;
        Refusal(() => Update(record, other, 2), "invalid-update").ShouldContain(held);
        Update(Update(record, first, 2).Record, first.Replace("[1]", "[3]", StringComparison.Ordinal)).Result.ShouldBe("""{"added":1}""");
    }

    [Fact]
    public void What_two_nodes_count_is_counted_together_and_once()
    {
        var record = Update(null, """{"countMin":{"add":["a"]}}""").Record;
        var here = Update(record, """{"countMin":{"add":["a","b"]}}""", 1).Record;
        var there = Update(record, """{"countMin":{"add":["a"]}}""", 2).Record;
        Form(here.Merge(there).Merge(here).Merge(record)).ShouldBe("""{"total":4}""");

        var top = Update(null, """{"topK":{"add":["x"]}}""").Record;
        Form(Update(top, """{"topK":{"add":["y","x"]}}""", 2).Record.Merge(Update(top, """{"topK":{"add":["x"]}}""", 1).Record))
            .ShouldBe("""[{"value":"x","count":3,"error":0},{"value":"y","count":1,"error":0}]""");
    }

    [Fact]
    public void A_sketch_of_another_key_is_merged_in()
    {
        var today = Update(null, """{"hyperLogLog":{"add":["a","b"]}}""").Record;
        var sketch = Encoding.UTF8.GetString(Virga.State.Queries.StateQuery.Parse("""{"hyperLogLog":"sketch"}"""u8.ToArray()).AnswerOf(today).Content.Span);
        var (month, result) = Update(Update(null, """{"hyperLogLog":{"add":["b","c"]}}""").Record, $$$"""{"hyperLogLog":{"merge":[{{{sketch}}}]}}""");
        (result, Form(month)).ShouldBe(("""{"added":1}""", "3"));
        Refusal(() => Parse($$$"""{"theta":{"merge":[{{{sketch}}}]}}"""), "invalid-update").ShouldContain("a sketch of the kind 'theta' is expected");
    }

    [Fact]
    public void An_element_over_the_limit_is_refused() =>
        Refusal(() => Parse($$$"""{"set":{"add":["{{{new string('x', StateLimits.MaxElementBytes + 1)}}}"]}}"""), "value-too-large").ShouldContain("65,536 are allowed");

    [Fact]
    public void An_update_of_a_key_that_another_node_deleted_at_the_same_time_says_so()
    {
        var update = Parse("""{"set":{"add":["a"]}}""");
        Should.Throw<ProblemException>(() => update.ResultOf(new StateRecord(HybridTimestamp.At(5), null))).Problem.Status.ShouldBe(409);
    }

    private static void History(StateRecord record) =>
        Lattices.History.Bytes(RecordEncoding.Read(RecordEncoding.ToBytes(record))).ShouldBe(Lattices.History.Bytes(record));

    private static StateUpdate Parse(string json) => StateUpdate.Parse(Encoding.UTF8.GetBytes(json));

    private static string Refusal(Action action, string slug)
    {
        var problem = Should.Throw<ProblemException>(action).Problem;
        problem.Type.ShouldBe($"urn:virga:problem:{slug}");
        return problem.Detail!;
    }

    private static string Form(StateRecord record) => Encoding.UTF8.GetString(Json.StateJson.ToPayload(record.Value!).Content.Span);

    private (StateRecord Record, string Result) Update(StateRecord? record, string json, ulong replica = 1)
    {
        var update = Parse(json);
        var merged = Apply(record, update, replica);
        return (merged, Encoding.UTF8.GetString(update.ResultOf(merged).Content.Span));
    }

    private StateRecord Apply(StateRecord? record, StateMutation mutation, ulong replica)
    {
        var delta = mutation.Delta(record, Context(replica));
        return record is null ? delta : record.Merge(delta);
    }

    private MutationContext Context(ulong replica) => new(new HybridTimestamp(++_now), new ReplicaId(replica), 1000);
}
