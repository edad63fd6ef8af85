using System.Text;
using System.Text.Json;
using Virga.Core.Dags;
using Virga.Core.Problems;

namespace Virga.Core.Tests.Dags;

public sealed class DagConditionTests
{
    [Theory]
    [InlineData("""{"path":"$.kind","equals":"x"}""", """{"other":[1,{"kind":"y"}],"kind":"x"}""", true)]
    [InlineData("""{"path":"$.kind","equals":"x"}""", """{"kind":"y"}""", false)]
    [InlineData("""{"path":"$.kind","equals":"x"}""", """{}""", false)]
    [InlineData("""{"path":"$.kind","equals":"ü\n"}""", """{"kind":"\u00fc\n"}""", true)]
    [InlineData("""{"path":"$.n","equals":1.0}""", """{"n":1}""", true)]
    [InlineData("""{"path":"$.n","equals":"1"}""", """{"n":1}""", false)]
    [InlineData("""{"path":"$.n","equals":null}""", """{"n":null}""", true)]
    [InlineData("""{"path":"$","equals":true}""", """true""", true)]
    [InlineData("""{"path":"$.a","equals":{"b":[1,2]}}""", """{"a":{"b":[1,2]}}""", true)]
    [InlineData("""{"path":"$.a","equals":{"b":[1,2]}}""", """{"a":{"b":[1,3]}}""", false)]
    [InlineData("""{"path":"$.items[1].id","equals":7}""", """{"items":[{"id":6},{"id":7}]}""", true)]
    [InlineData("""{"path":"$['a b'].c","exists":true}""", """{"a b":{"c":null}}""", true)]
    [InlineData("""{"path":"$.a.b","exists":false}""", """{"a":{"c":1}}""", true)]
    [InlineData("""{"path":"$.a.b","exists":false}""", """{"a":3}""", true)]
    [InlineData("""{"path":"$.total","greater":10,"atMost":20}""", """{"total":20}""", true)]
    [InlineData("""{"path":"$.total","greater":10,"atMost":20}""", """{"total":10}""", false)]
    [InlineData("""{"path":"$.total","less":0}""", """{"total":"-1"}""", false)]
    [InlineData("""{"path":"$.total","atLeast":-1e3}""", """{"total":-1000}""", true)]
    [InlineData("""{"path":"$.k","in":["a","b"]}""", """{"k":"b"}""", true)]
    [InlineData("""{"path":"$.k","in":["a","b"]}""", """{"k":"c"}""", false)]
    [InlineData("""{"not":{"path":"$.k","equals":1}}""", """{"k":2}""", true)]
    [InlineData("""{"all":[{"path":"$.a","equals":1},{"path":"$.b","equals":2}]}""", """{"a":1,"b":2}""", true)]
    [InlineData("""{"all":[{"path":"$.a","equals":1},{"path":"$.b","equals":2}]}""", """{"a":1,"b":3}""", false)]
    [InlineData("""{"any":[{"path":"$.a","equals":1},{"path":"$.b","equals":2}]}""", """{"a":2,"b":2}""", true)]
    public void A_condition_is_asked_of_json(string condition, string json, bool holds) => Read(condition).Holds(Encoding.UTF8.GetBytes(json)).ShouldBe(holds);

    [Theory]
    [InlineData("""{"path":"$.n","greater":5,"less":3}""", "can never hold")]
    [InlineData("""{"path":"$.n","greater":5,"atMost":5}""", "can never hold")]
    [InlineData("""{"path":"$.n","equals":2,"greater":5}""", "can never hold")]
    [InlineData("""{"path":"$.n","equals":"x","greater":5}""", "can never hold")]
    [InlineData("""{"path":"$.n","exists":false,"equals":5}""", "can never hold")]
    [InlineData("""{"path":"$.n"}""", "nothing to compare")]
    [InlineData("""{"path":"n","equals":1}""", "cannot be read")]
    [InlineData("""{"path":"$..n","equals":1}""", "cannot be read")]
    [InlineData("""{"path":"$.n","greater":"5"}""", "no number")]
    [InlineData("""{"path":"$.n","like":"5"}""", "compares nothing")]
    [InlineData("""{"any":[]}""", "list of 1")]
    [InlineData("""{"xor":[]}""", "combines no conditions")]
    [InlineData("""{}""", "is empty")]
    [InlineData("""5""", "no JSON object")]
    public void A_condition_that_cannot_be_is_refused(string condition, string reason) =>
        Should.Throw<ProblemException>(() => Read(condition)).Problem.Detail!.ShouldContain(reason);

    [Fact]
    public void What_is_no_json_is_said_and_not_taken_for_false() =>
        Should.Throw<JsonException>(() => Read("""{"path":"$.a","equals":1}""").Holds("<html>"u8));

    private static DagCondition Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return DagCondition.Read(document.RootElement, "The condition");
    }
}
