using System.Text;
using Virga.Streams.Calls;

namespace Virga.Streams.Tests.Calls;

public sealed class AnswerReadingTests
{
    private const string Json = "application/json";

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"$messages\":[]}")]
    public void Nothing_is_published_for_nothing(string answer) => Read(answer).ShouldBeEmpty();

    [Theory]
    [InlineData("{\"a\":1}")]
    [InlineData("[1,null]")]
    [InlineData("\"$messages\"")]
    [InlineData("{\"$messages\":[],\"other\":1}")]
    public void Any_other_answer_is_published_as_it_is(string answer)
    {
        var result = Read(answer).ShouldHaveSingleItem();
        Text(result).ShouldBe(answer == "\"$messages\"" ? "$messages" : answer);
        result.Properties.ShouldBeEmpty();
    }

    [Fact]
    public void What_is_no_JSON_keeps_its_content_type()
    {
        var result = AnswerReading.Read(Encoding.UTF8.GetBytes("hello"), "text/plain").ShouldHaveSingleItem();
        Text(result).ShouldBe("hello");
        result.Properties.ShouldBe([new("content-type", "text/plain")]);
    }

    [Fact]
    public void Several_messages_are_published_with_their_own_keys_and_properties()
    {
        var results = Read("""{"$messages":[{"value":"a","key":"k","properties":{"p":"1","n":2},"eventTime":1500},{"value":{"b":1}}]}""");

        Text(results[0]).ShouldBe("a");
        results[0].Key.ShouldBe("k");
        results[0].Properties.ShouldBe([new("p", "1"), new("n", "2")]);
        results[0].EventAt!.Value.ToUnixTimeMilliseconds().ShouldBe(1500);
        Text(results[1]).ShouldBe("""{"b":1}""");
        results[1].Key.ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"$messages":{}}""")]
    [InlineData("""{"$messages":[1]}""")]
    [InlineData("""{"$messages":[{"key":"k"}]}""")]
    [InlineData("""{"$messages":[{"value":1,"key":2}]}""")]
    [InlineData("""{"$messages":[{"value":1,"colour":2}]}""")]
    [InlineData("""{"$messages":[{"value":1,"eventTime":"soon"}]}""")]
    [InlineData("""{"$messages":[""")]
    public void Messages_of_another_form_are_refused(string answer) => Should.Throw<InvalidAnswerException>(() => Read(answer));

    [Fact]
    public void A_batch_is_answered_with_an_entry_for_each_message()
    {
        var results = AnswerReading.ReadBatch(Encoding.UTF8.GetBytes("""["x",null,{"$messages":[{"value":1},{"value":2}]}]"""), 3);
        results.Select(static one => one.Count).ShouldBe([1, 0, 2]);
        Text(results[0][0]).ShouldBe("x");
    }

    [Theory]
    [InlineData("[1]", "an array of 1")]
    [InlineData("{}", "no array")]
    public void An_answer_of_another_length_is_refused_with_what_was_given(string answer, string given) =>
        Should.Throw<InvalidAnswerException>(() => AnswerReading.ReadBatch(Encoding.UTF8.GetBytes(answer), 2)).Message.ShouldContain(given);

    private static IReadOnlyList<StreamResult> Read(string answer) => AnswerReading.Read(Encoding.UTF8.GetBytes(answer), Json);

    private static string Text(StreamResult result) => Encoding.UTF8.GetString(result.Payload.Span);
}
