using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Triggers.Rules;

namespace Virga.Triggers.Tests.Rules;

/// <summary>What a trigger may say.</summary>
public sealed class TriggerRulesTests
{
    private static readonly TriggerName Name = new(Scope.Default, ResourceName.Parse("orders"));
    private static readonly TriggerSpec Valid = Of(new TopicSource { Topics = ["orders"] });

    [Fact]
    public void What_is_not_said_has_a_default_that_keeps_the_rules() => Check(Valid);

    [Fact]
    public void Topics_of_other_namespaces_of_the_tenant_and_patterns_are_allowed()
    {
        Check(Of(new TopicSource { Topics = ["persistent://default/other/a", "non-persistent://public/default/b", "c-partition-3"] }));
        Check(Of(new TopicSource { Pattern = "orders-.*" }));
        Check(Of(new TopicSource { Pattern = "persistent://public/other/.*" }));
    }

    [Fact]
    public void A_trigger_needs_topics_or_a_pattern_and_not_both()
    {
        Refused(Valid with { Source = new TriggerSource() }).ShouldContain("source");
        Refused(Of(new TopicSource())).ShouldContain("names no topic");
        Refused(Of(new TopicSource { Topics = ["a"], Pattern = "b" })).ShouldContain("topics and a pattern");
        Refused(Of(new TopicSource { Topics = ["a", "persistent://public/default/a"] })).ShouldContain("twice");
        Refused(Of(new TopicSource { Topics = [.. Enumerable.Range(0, 101).Select(static i => $"t{i}")] })).ShouldContain("101");
        Refused(Of(new TopicSource { Topics = ["a b"] })).ShouldContain("no name of a topic");
        Refused(Of(new TopicSource { Pattern = "(" })).ShouldContain("(");
    }

    [Fact]
    public void Topics_of_other_tenants_are_out_of_reach()
    {
        foreach (var spec in new[]
                 {
                     Of(new TopicSource { Topics = ["persistent://other/default/a"] }), Of(new TopicSource { Pattern = "persistent://other/default/.*" }),
                     Valid with { Output = "persistent://other/default/a" }, Valid with { DeadLetter = "persistent://other/default/a" },
                 })
        {
            Should.Throw<ProblemException>(() => new TriggerRules().Check(Name, spec)).Problem.Slug.ShouldBe("out-of-scope");
        }
    }

    [Fact]
    public void A_trigger_does_not_publish_to_what_it_consumes()
    {
        Refused(Valid with { Output = "persistent://public/default/orders" }).ShouldContain("output");
        Refused(Valid with { DeadLetter = "orders-partition-2" }).ShouldContain("deadLetter");
        Check(Valid with { DeadLetter = "none", Output = "answers" });
    }

    [Fact]
    public void Dead_letters_need_a_topic_that_can_be()
    {
        Refused(Of(new TopicSource { Topics = ["orders"], Subscription = "a/b" })).ShouldContain("DLQ");
        Refused(Of(new TopicSource { Topics = [new string('t', 250)] })).ShouldContain("DLQ");
        Check(Of(new TopicSource { Topics = ["orders"], Subscription = "a/b" }) with { DeadLetter = "dead" });
    }

    [Fact]
    public void Numbers_stay_within_their_bounds()
    {
        Refused(Valid with { Function = "a b" }).ShouldContain("names no function");
        Refused(Valid with { Concurrency = 0 }).ShouldContain("concurrency");
        Refused(Valid with { Batch = new TriggerBatch { MaxMessages = 10_001 } }).ShouldContain("maxMessages");
        Refused(Valid with { Batch = new TriggerBatch { MaxBytes = new ByteSize(0) } }).ShouldContain("maxBytes");
        Refused(Valid with { Batch = new TriggerBatch { MaxWait = Duration.FromSeconds(61) } }).ShouldContain("maxWait");
        Refused(Valid with { Retry = new TriggerRetry { Attempts = 0 } }).ShouldContain("attempts");
        Refused(Valid with { Retry = new TriggerRetry { Backoff = new TriggerBackoff { Initial = Duration.FromSeconds(9), Max = Duration.FromSeconds(8) } } }).ShouldContain("backoff");
        Refused(Valid with { Retry = new TriggerRetry { Backoff = new TriggerBackoff { Factor = double.NaN } } }).ShouldContain("factor");
        Refused(Valid with { AckTimeout = Duration.FromSeconds(0) }).ShouldContain("ackTimeout");
        Refused(Of(new TopicSource { Topics = ["a"], Type = (TopicSharing)9 })).ShouldContain("type");
        Refused(Of(new TopicSource { Topics = ["a"], Subscription = "a\nb" })).ShouldContain("subscription");
    }

    [Fact]
    public void A_backoff_grows_to_its_end()
    {
        var backoff = new TriggerBackoff { Initial = Duration.FromSeconds(1), Max = Duration.FromSeconds(5), Factor = 2 };
        Enumerable.Range(1, 5).Select(failures => backoff.After(failures).TotalSeconds).ShouldBe([1, 2, 4, 5, 5]);
        backoff.After(1000).TotalSeconds.ShouldBe(5);
    }

    private static TriggerSpec Of(TopicSource source) => new() { Source = new TriggerSource { Topic = source }, Function = "handle" };

    private static void Check(TriggerSpec spec) => new TriggerRules().Check(Name, spec);

    private static string Refused(TriggerSpec spec)
    {
        var problem = Should.Throw<ProblemException>(() => Check(spec)).Problem;
        problem.Slug.ShouldBe("invalid-spec", problem.Detail);
        return problem.Detail!;
    }
}
