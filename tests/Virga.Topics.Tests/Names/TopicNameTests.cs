using Virga.Core.Names;
using Virga.Topics.Names;

namespace Virga.Topics.Tests.Names;

public sealed class TopicNameTests
{
    [Theory]
    [InlineData("orders", "persistent://default/default/orders")]
    [InlineData("shop/eu/Orders_1", "persistent://shop/eu/Orders_1")]
    [InlineData("persistent://public/default/orders", "persistent://default/default/orders")]
    [InlineData("non-persistent://shop/eu/ticks", "non-persistent://shop/eu/ticks")]
    public void A_name_is_read_in_each_of_its_forms(string text, string full) => TopicName.Parse(text).ToString().ShouldBe(full);

    [Fact]
    public void A_local_name_lies_in_the_scope_of_who_asks() =>
        TopicName.Parse("orders", new Scope(ResourceName.Parse("shop"), ResourceName.Parse("eu"))).ToString().ShouldBe("persistent://shop/eu/orders");

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a/b/c/d")]
    [InlineData("persistent://orders")]
    [InlineData("kafka://a/b/c")]
    [InlineData("a b/c/d")]
    [InlineData("a/b/")]
    public void What_breaks_the_rule_is_refused(string text) => TopicName.TryParse(text, Scope.Default, out _).ShouldBeFalse();

    [Fact]
    public void A_partition_knows_its_topic_and_the_topic_its_partition()
    {
        var topic = TopicName.Parse("orders");
        var third = topic.OfPartition(3);

        third.ToString().ShouldBe("persistent://default/default/orders-partition-3");
        TopicName.Parse(third.ToString()).Partition.ShouldBe(3);
        third.Whole.ShouldBe(topic);
        topic.Partition.ShouldBe(-1);
    }

    [Theory]
    [InlineData("orders-partition-")]
    [InlineData("orders-partition-01")]
    [InlineData("orders-partition--1")]
    [InlineData("-partition-1")]
    public void What_only_looks_like_a_partition_is_a_topic_of_its_own(string text) => TopicName.Parse(text).IsPartition.ShouldBeFalse();
}
