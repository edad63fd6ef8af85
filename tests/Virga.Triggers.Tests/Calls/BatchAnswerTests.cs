using System.Text;
using Virga.Triggers.Calls;
using Virga.Triggers.Dispatching;
using static Virga.Triggers.Tests.TestMessages;

namespace Virga.Triggers.Tests.Calls;

/// <summary>What a function says of several messages.</summary>
public sealed class BatchAnswerTests
{
    private readonly List<HeldMessage> _messages = [Held(Message(1, key: "a")), Held(Message(2)), Held(Message(3, key: "c"))];

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"failed":[]}""")]
    [InlineData("7")]
    [InlineData("")]
    public void Whatever_names_no_failed_message_says_that_all_went_well(string answer) => Answered(answer).FailedAt.ShouldBeNull();

    [Fact]
    public void Failed_messages_are_named_by_index_or_id()
    {
        Answered("""{"failed":[0,"7:3"]}""").FailedAt.ShouldBe([true, false, true]);
    }

    [Theory]
    [InlineData("""{"failed":[3]}""", "3")]
    [InlineData("""{"failed":[-1]}""", "-1")]
    [InlineData("""{"failed":["7:9"]}""", "7:9")]
    [InlineData("""{"failed":[null]}""", "null")]
    [InlineData("""{"failed":1}""", "list")]
    [InlineData("""{"failed":[1}""", "JSON")]
    public void An_answer_that_names_what_there_is_not_fails_as_a_whole(string answer, string told)
    {
        var failed = Read(answer).ShouldBeOfType<CallOutcome.Failed>();
        failed.Problem.Slug.ShouldBe("invalid-answer");
        failed.Problem.Detail!.ShouldContain(told);
    }

    [Theory]
    [InlineData("""[{"n":1},null,3]""")]
    [InlineData("""{"failed":[],"answers":[{"n":1},null,3]}""")]
    public void Answers_are_published_with_the_keys_of_their_messages(string answer)
    {
        var answers = Answered(answer, hasOutput: true).Answers!;
        answers.Select(static one => one is null ? null : Encoding.UTF8.GetString(one.Payload.Span) + one.Key).ShouldBe(["""{"n":1}a""", null, "3c"]);
    }

    [Fact]
    public void As_many_answers_are_needed_as_there_are_messages()
    {
        Read("[1,2]", hasOutput: true).ShouldBeOfType<CallOutcome.Failed>().Problem.Detail!.ShouldContain("2 answers to 3 messages");
        Answered("[1,2]").Answers.ShouldBeNull();
    }

    [Fact]
    public void An_answer_that_is_no_json_says_nothing() =>
        BatchAnswer.Read(_messages, new CallAnswer("""{"failed":[0]}"""u8.ToArray(), "text/plain"), false).ShouldBeOfType<CallOutcome.Answered>().FailedAt.ShouldBeNull();

    private CallOutcome.Answered Answered(string answer, bool hasOutput = false) => Read(answer, hasOutput).ShouldBeOfType<CallOutcome.Answered>();

    private CallOutcome Read(string answer, bool hasOutput = false) => BatchAnswer.Read(_messages, new CallAnswer(Encoding.UTF8.GetBytes(answer), "application/json"), hasOutput);
}
