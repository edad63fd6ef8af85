using Shouldly;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Clients;
using Virga.Topics.Names;

namespace Virga.Topics.Tests.Clients;

public sealed class TopicSelectionTests
{
    [Theory]
    [InlineData("orders-.*", "orders-eu", true)]
    [InlineData("orders-.*", "orders-eu-partition-3", true)]
    [InlineData("orders", "orders-eu", false)]
    [InlineData("orders-.*", "non-persistent://default/default/orders-eu", true)]
    [InlineData("persistent://default/default/orders-.*", "non-persistent://default/default/orders-eu", false)]
    [InlineData("persistent://public/default/orders-.*", "orders-eu", true)]
    [InlineData("persistent://shop/sales/.*", "orders-eu", false)]
    public void A_pattern_matches_whole_names_of_its_namespace(string pattern, string topic, bool expected) =>
        ((TopicSelection.Pattern)TopicSelection.Matching(pattern, Scope.Default)).Matches(TopicName.Parse(topic)).ShouldBe(expected);

    [Theory]
    [InlineData("orders-(")]
    [InlineData("(?=a)b")]
    [InlineData("persistent://default/orders-.*")]
    public void A_pattern_that_cannot_be_used_is_refused(string pattern) =>
        Should.Throw<ProblemException>(() => TopicSelection.Matching(pattern, Scope.Default)).Problem.Slug.ShouldBe("invalid-request");
}
