using System.Text;
using System.Text.Json;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Tests.Messages;

public sealed class MessageJsonTests
{
    [Theory]
    [InlineData("{\"a\":[1]}", "\"value\":{\"a\":[1]}")]
    [InlineData("42", "\"value\":42")]
    [InlineData("plain", "\"value\":\"plain\"")]
    [InlineData("{\"a\":", "\"value\":\"{\\u0022a\\u0022:\"")]
    [InlineData("1 2", "\"value\":\"1 2\"")]
    [InlineData("", "\"value\":\"\"")]
    public void A_payload_is_shown_as_what_it_is(string payload, string shown) => Show(Message(Encoding.UTF8.GetBytes(payload))).ShouldContain(shown);

    [Fact]
    public void Bytes_that_are_no_text_are_in_base64() => Show(Message([0xff, 0xfe])).ShouldContain("\"base64\":\"//4=\"");

    [Fact]
    public void A_payload_that_is_said_to_be_text_stays_one() =>
        Show(Message("42"u8.ToArray()) with { Properties = [new("content-type", "text/plain")] }).ShouldContain("\"value\":\"42\"");

    [Fact]
    public void A_tombstone_has_no_value() => Show(Message([]) with { IsTombstone = true }).ShouldContain("\"value\":null");

    [Fact]
    public void The_last_property_of_a_name_counts() =>
        Show(Message([]) with { Properties = [new("a", "1"), new("b", "2"), new("a", "3")] }).ShouldContain("\"properties\":{\"b\":\"2\",\"a\":\"3\"}");

    [Fact]
    public void Nothing_but_what_the_message_has_is_written() =>
        Show(Message("x"u8.ToArray())).ShouldBe("""{"id":"7:3","topic":"persistent://default/default/t","value":"x","publishTime":"1970-01-01T00:00:01.500Z","sequenceId":0}""");

    [Fact]
    public void A_document_deeper_than_can_be_read_is_shown_as_text() => Show(Message(Encoding.UTF8.GetBytes(new string('[', 1000) + new string(']', 1000)))).ShouldContain("\"value\":\"[[[");

    private static TopicMessage Message(byte[] payload) => new()
    {
        Topic = TopicName.Parse("t"),
        Id = new MessageId(new Position(7, 3)),
        Payload = payload,
        PublishedAt = DateTimeOffset.FromUnixTimeMilliseconds(1500),
    };

    private static string Show(TopicMessage message)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            MessageJson.Write(writer, message);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
