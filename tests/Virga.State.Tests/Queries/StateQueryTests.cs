using System.Text;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Queries;
using Virga.State.Records;
using Virga.State.Time;
using Virga.State.Updates;

namespace Virga.State.Tests.Queries;

public sealed class StateQueryTests
{
    private const string Set = """{"set":{"add":["a",1,{"x":1,"y":2}]}}""";
    private const string GrowSet = """{"growSet":{"add":["a"]}}""";
    private const string OrderedSet = """{"orderedSet":{"add":[{"member":"a","score":3},{"member":"b","score":1},{"member":"c","score":2},{"member":"d","score":2}]}}""";
    private const string Map = """{"map":{"put":{"f":{"x":1}},"update":{"c":{"counter":{"increment":4}}},"remove":["g"]}}""";
    private const string HyperLogLog = """{"hyperLogLog":{"add":["a","b","a"]}}""";
    private const string CountMin = """{"countMin":{"add":["a","b","a"]}}""";
    private const string Quantiles = """{"quantiles":{"add":[1,2,3,4]}}""";
    private const string TopK = """{"topK":{"add":["a","b","a"]}}""";
    private const string Bloom = """{"bloom":{"add":["a","b"]}}""";
    private const string Theta = """{"theta":{"add":["a","b",3]}}""";
    private const string Reservoir = """{"reservoir":{"add":["a","a"]}}""";
    private const string Log = """{"log":{"append":[1,2,3]}}""";

    [Theory]
    [InlineData(Set, """{"set":{"has":"a"}}""", "true")]
    [InlineData(Set, """{"set":{"has":1.0}}""", "true")]
    [InlineData(Set, """{"set":{"has":"1"}}""", "false")]
    [InlineData(Set, """{"set":{"has":{"y":2,"x":1}}}""", "true")]
    [InlineData(Set, """{"set":"size"}""", "3")]
    [InlineData(GrowSet, """{"growSet":{"has":"a"}}""", "true")]
    [InlineData(GrowSet, """{"growSet":{"has":"b"}}""", "false")]
    [InlineData(GrowSet, """{"growSet":"size"}""", "1")]
    [InlineData(OrderedSet, """{"orderedSet":"size"}""", "4")]
    [InlineData(OrderedSet, """{"orderedSet":{"score":"a"}}""", "3")]
    [InlineData(OrderedSet, """{"orderedSet":{"score":"x"}}""", "null")]
    [InlineData(OrderedSet, """{"orderedSet":{"range":[0,1]}}""", """[{"member":"b","score":1},{"member":"c","score":2}]""")]
    [InlineData(OrderedSet, """{"orderedSet":{"range":[-2,-1]}}""", """[{"member":"d","score":2},{"member":"a","score":3}]""")]
    [InlineData(OrderedSet, """{"orderedSet":{"range":[0,0],"reverse":true}}""", """[{"member":"a","score":3}]""")]
    [InlineData(OrderedSet, """{"orderedSet":{"range":[2,1]}}""", "[]")]
    [InlineData(OrderedSet, """{"orderedSet":{"range":[-9223372036854775808,9223372036854775807],"reverse":false}}""", """[{"member":"b","score":1},{"member":"c","score":2},{"member":"d","score":2},{"member":"a","score":3}]""")]
    [InlineData(Map, """{"map":"size"}""", "2")]
    [InlineData(Map, """{"map":{"get":"f"}}""", """{"x":1}""")]
    [InlineData(Map, """{"map":{"get":"c"}}""", "4")]
    [InlineData(Map, """{"map":{"get":"g"}}""", "null")]
    [InlineData(Log, """{"log":"size"}""", "3")]
    [InlineData(Log, """{"log":{"last":2}}""", "[2,3]")]
    [InlineData(Log, """{"log":{"last":0}}""", "[]")]
    [InlineData(Log, """{"log":{"last":100000}}""", "[1,2,3]")]
    [InlineData(HyperLogLog, """{"hyperLogLog":"estimate"}""", """{"estimate":2,"low":2,"high":2}""")]
    [InlineData(CountMin, """{"countMin":"total"}""", "3")]
    [InlineData(CountMin, """{"countMin":{"count":"a"}}""", "2")]
    [InlineData(CountMin, """{"countMin":{"count":"x"}}""", "0")]
    [InlineData(Quantiles, """{"quantiles":"count"}""", "4")]
    [InlineData(Quantiles, """{"quantiles":{"at":[0,0.25,0.5,0.99,1]}}""", "[1,1,2,4,4]")]
    [InlineData(Quantiles, """{"quantiles":{"ranks":[0,1,2.5,9]}}""", "[0,0.25,0.5,1]")]
    [InlineData(TopK, """{"topK":{"top":1}}""", """[{"value":"a","count":2,"error":0}]""")]
    [InlineData(TopK, """{"topK":{"count":"b"}}""", """{"count":1,"error":0}""")]
    [InlineData(Bloom, """{"bloom":{"has":"a"}}""", "true")]
    [InlineData(Bloom, """{"bloom":{"has":"x"}}""", "false")]
    [InlineData(Theta, """{"theta":"estimate"}""", """{"estimate":3,"low":3,"high":3}""")]
    [InlineData(Theta, """{"theta":{"union":[]}}""", """{"estimate":3,"low":3,"high":3}""")]
    [InlineData(Reservoir, """{"reservoir":"size"}""", "2")]
    [InlineData(Reservoir, """{"reservoir":{"sample":1}}""", """["a"]""")]
    public void A_query_is_answered(string update, string query, string answer) => Answer(query, Holding(update)).ShouldBe(answer);

    [Theory]
    [InlineData("""{"set":{"has":"a"}}""", "false")]
    [InlineData("""{"growSet":{"has":"a"}}""", "false")]
    [InlineData("""{"set":"size"}""", "0")]
    [InlineData("""{"growSet":"size"}""", "0")]
    [InlineData("""{"orderedSet":"size"}""", "0")]
    [InlineData("""{"orderedSet":{"range":[0,9]}}""", "[]")]
    [InlineData("""{"orderedSet":{"score":"a"}}""", "null")]
    [InlineData("""{"map":{"get":"f"}}""", "null")]
    [InlineData("""{"map":"size"}""", "0")]
    [InlineData("""{"log":{"last":10}}""", "[]")]
    [InlineData("""{"log":"size"}""", "0")]
    [InlineData("""{"hyperLogLog":"estimate"}""", """{"estimate":0,"low":0,"high":0}""")]
    [InlineData("""{"hyperLogLog":"sketch"}""", "null")]
    [InlineData("""{"countMin":{"count":"a"}}""", "0")]
    [InlineData("""{"quantiles":{"at":[0.5]}}""", "[null]")]
    [InlineData("""{"quantiles":{"ranks":[1]}}""", "[null]")]
    [InlineData("""{"topK":{"top":5}}""", "[]")]
    [InlineData("""{"topK":{"count":"a"}}""", """{"count":0,"error":0}""")]
    [InlineData("""{"bloom":{"has":"a"}}""", "false")]
    [InlineData("""{"bloom":"estimate"}""", """{"estimate":0,"falsePositives":0}""")]
    [InlineData("""{"theta":{"difference":[]}}""", """{"estimate":0,"low":0,"high":0}""")]
    [InlineData("""{"reservoir":{"sample":5}}""", "[]")]
    public void A_key_that_does_not_exist_is_an_empty_one_of_the_kind(string query, string answer)
    {
        Answer(query, null).ShouldBe(answer);
        Answer(query, new StateRecord(HybridTimestamp.At(5), null)).ShouldBe(answer);
    }

    [Theory]
    [InlineData("""{"set":{"has":"a"}}""")]
    [InlineData("""{"growSet":"size"}""")]
    [InlineData("""{"orderedSet":{"range":[0,9]}}""")]
    [InlineData("""{"orderedSet":{"score":"a"}}""")]
    [InlineData("""{"map":{"get":"f"}}""")]
    [InlineData("""{"log":{"last":10}}""")]
    [InlineData("""{"hyperLogLog":"estimate"}""")]
    [InlineData("""{"countMin":"total"}""")]
    [InlineData("""{"quantiles":"count"}""")]
    [InlineData("""{"topK":{"top":1}}""")]
    [InlineData("""{"bloom":"sketch"}""")]
    [InlineData("""{"theta":{"union":[]}}""")]
    [InlineData("""{"reservoir":"size"}""")]
    public void A_query_about_another_kind_is_refused(string query) =>
        Should.Throw<ProblemException>(() => Answer(query, Holding("""{"flag":true}"""))).Problem.Type.ShouldBe("urn:virga:problem:state-kind-mismatch");

    [Theory]
    [InlineData("[]", "At $: an object")]
    [InlineData("""{"counter":"size"}""", "At $: there is no query 'counter'")]
    [InlineData("""{"set":"count"}""", "At $.set: an object")]
    [InlineData("""{"set":{"contains":"a"}}""", "At $.set: \"size\" or {\"has\":ELEMENT}")]
    [InlineData("""{"orderedSet":{"range":[1]}}""", "At $.orderedSet: a range of two ranks")]
    [InlineData("""{"orderedSet":{"range":[1,"2"]}}""", "At $.orderedSet.range[1]: an integer")]
    [InlineData("""{"orderedSet":{"range":[1,2],"reverse":1}}""", "At $.orderedSet.reverse: true or false")]
    [InlineData("""{"orderedSet":{"rank":"a"}}""", "At $.orderedSet.rank: only 'range' and 'reverse'")]
    [InlineData("""{"orderedSet":{"score":"a","range":[0,1]}}""", "At $.orderedSet: an object with exactly one member")]
    [InlineData("""{"map":{"get":1}}""", "At $.map.get: a text")]
    [InlineData("""{"map":{"field":"f"}}""", "At $.map: \"size\" or {\"get\":FIELD}")]
    [InlineData("""{"log":{"last":-1}}""", "At $.log.last: a number from 0 to 100000")]
    [InlineData("""{"log":{"first":1}}""", "At $.log: \"size\" or {\"last\":NUMBER}")]
    [InlineData("""{"hyperLogLog":"size"}""", "At $.hyperLogLog: \"estimate\" or \"sketch\"")]
    [InlineData("""{"countMin":{"has":"a"}}""", "At $.countMin: \"total\" or {\"count\":VALUE}")]
    [InlineData("""{"quantiles":{"at":[1.5]}}""", "At $.quantiles.at[0]: a number from 0 to 1")]
    [InlineData("""{"quantiles":{"p":[1]}}""", "At $.quantiles: \"count\", {\"at\"")]
    [InlineData("""{"topK":{"top":-1}}""", "At $.topK.top: a number from 0 to 4096")]
    [InlineData("""{"topK":"top"}""", "At $.topK: an object with exactly one member")]
    [InlineData("""{"bloom":{"have":1}}""", "At $.bloom: \"estimate\", \"sketch\" or {\"has\":VALUE}")]
    [InlineData("""{"theta":{"minus":[]}}""", "At $.theta: \"estimate\", \"sketch\", or one of")]
    [InlineData("""{"theta":{"union":["x"]}}""", "At $.theta.union[0]: 'x' is no base64")]
    [InlineData("""{"reservoir":{"sample":10001}}""", "At $.reservoir.sample: a number from 0 to 10000")]
    public void A_malformed_query_is_refused_with_its_place(string query, string expected)
    {
        var problem = Should.Throw<ProblemException>(() => Answer(query, null)).Problem;
        problem.Type.ShouldBe("urn:virga:problem:invalid-update");
        problem.Detail!.ShouldContain(expected);
    }

    [Theory]
    [InlineData("union", """{"estimate":4,"low":4,"high":4}""")]
    [InlineData("intersection", """{"estimate":2,"low":2,"high":2}""")]
    [InlineData("difference", """{"estimate":1,"low":1,"high":1}""")]
    public void Sets_of_two_keys_are_combined(string operation, string answer)
    {
        var other = Answer("""{"theta":"sketch"}""", Holding("""{"theta":{"add":["b",3,"d"],"size":64}}"""));
        Answer($$$"""{"theta":{"{{{operation}}}":[{{{other}}}]}}""", Holding(Theta)).ShouldBe(answer);
    }

    [Theory]
    [InlineData("union", "3")]
    [InlineData("intersection", "0")]
    [InlineData("difference", "3")]
    public void The_sketch_of_a_key_that_does_not_exist_is_one_of_nothing(string operation, string estimate) =>
        Answer($$$"""{"theta":{"{{{operation}}}":[{{{Answer("""{"theta":"sketch"}""", null)}}}]}}""", Holding(Theta)).ShouldContain($"\"estimate\":{estimate},");

    private static StateRecord Holding(string update) => StateUpdate.Parse(Encoding.UTF8.GetBytes(update)).Delta(null, new MutationContext(HybridTimestamp.At(1), new ReplicaId(1), 1));

    private static string Answer(string query, StateRecord? record) => Encoding.UTF8.GetString(StateQuery.Parse(Encoding.UTF8.GetBytes(query)).AnswerOf(record).Content.Span);
}
