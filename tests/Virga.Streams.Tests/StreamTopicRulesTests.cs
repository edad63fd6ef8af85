using Shouldly;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Streams.Tests.Runs;
using Xunit;

namespace Virga.Streams.Tests;

public sealed class StreamTopicRulesTests
{
    private static readonly StreamSpec s_valid = new() { Inputs = ["orders"], Function = "f", Output = "totals" };

    [Theory]
    [InlineData("bad name", null, "totals", null, "invalid-spec", "'bad name' in inputs")]
    [InlineData("orders", null, "bad name", null, "invalid-spec", "'bad name' in output")]
    [InlineData("orders", null, "totals", "bad name", "invalid-spec", "'bad name' in deadLetter")]
    [InlineData("orders", null, "persistent://default/default/orders", null, "invalid-spec", "output means")]
    [InlineData("orders", null, "totals", "orders", "invalid-spec", "deadLetter means")]
    [InlineData("s-dead", null, "totals", null, "invalid-spec", "deadLetter, which is not given, means")]
    [InlineData(null, "orders-.*", "orders-totals", null, "invalid-spec", "output means")]
    [InlineData(null, "s-.*", "totals", null, "invalid-spec", "deadLetter, which is not given, means")]
    [InlineData("other/default/orders", null, "totals", null, "out-of-scope", "tenant 'other'")]
    [InlineData("orders", null, "other/default/totals", null, "out-of-scope", "tenant 'other'")]
    [InlineData(null, "persistent://other/default/orders-.*", "totals", null, "out-of-scope", "tenant 'other'")]
    public void Topics_that_a_stream_cannot_have_are_refused_with_the_reason(string? input, string? pattern, string? output, string? deadLetter, string slug, string reason)
    {
        var spec = s_valid with { Inputs = input is null ? [] : [input], Pattern = pattern, Output = output, DeadLetter = deadLetter };

        var problem = Should.Throw<ProblemException>(() => new StreamTopicRules().Check(TestStreams.Name("s"), spec)).Problem;

        problem.Slug.ShouldBe(slug);
        problem.Detail.ShouldNotBeNull().ShouldContain(reason);
        problem.Fix.ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [InlineData("orders", null, "totals")]
    [InlineData("default/other/orders", null, "orders")]
    [InlineData(null, "orders-.*", "totals")]
    [InlineData(null, "orders-.*", "my-orders-totals")]
    public void Other_topics_are_accepted(string? input, string? pattern, string output)
    {
        var inputs = input is null ? Array.Empty<string>() : [input];

        Should.NotThrow(() => new StreamTopicRules().Check(TestStreams.Name("s"), s_valid with { Inputs = inputs, Pattern = pattern, Output = output }));
    }
}
