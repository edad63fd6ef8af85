using Virga.Testing;
using Virga.Topics.Brokers;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Logs;
using Virga.Topics.Policies;
using Virga.Topics.Tests.Brokers;

namespace Virga.Topics.Tests.Ledgers.Cold;

public sealed class OffloadingTests(S3Fixture s3) : IClassFixture<S3Fixture>
{
    private static readonly TopicPolicies Old = new() { OffloadAfterSeconds = 60 };

    private static readonly TopicPolicies Large = new() { OffloadThresholdBytes = 150 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Nothing_is_due_where_no_policy_says_so() => DueBy(TopicPolicies.Defaults, Ledger(1, 1000, 0)).ShouldBeEmpty();

    [Fact]
    public void Old_ledgers_are_due() => DueBy(Old, Ledger(1, 100, 30_000), Ledger(2, 100, 40_000), Ledger(3, 100, 41_000)).ShouldBe([1, 2]);

    [Fact]
    public void The_oldest_are_due_until_few_enough_bytes_are_left() => DueBy(Large, Ledger(1, 100, 0), Ledger(2, 100, 0), Ledger(3, 100, 0)).ShouldBe([1, 2]);

    [Fact]
    public void What_was_offloaded_counts_no_more() => DueBy(Large, Ledger(1, 100, 0) with { OffloadedTo = "there" }, Ledger(2, 100, 0), Ledger(3, 100, 0)).ShouldBe([2]);

    [Fact]
    public async Task A_topic_s_old_messages_are_in_the_bucket_and_read_as_before()
    {
        var cold = new S3ColdLedgers(S3Url.TryParse(UrlOf($"{Guid.NewGuid():n}"), out var options) ? options : throw new InvalidOperationException());
        await using var fixture = await BrokerFixture.StartAsync(
            BrokerFixture.Quiet with { Policies = new TopicPolicies { OffloadThresholdBytes = 0, Retention = RetentionLimits.Everything } }, over: hot => new TieredLedgerStore(hot, cold));
        var producer = await fixture.ProduceAsync("t");
        for (var i = 0; i < 3; i++)
        {
            await BrokerFixture.PublishAsync(producer, $"message {i}", i);
            await (await fixture.GetAsync("t")).Log!.SealAsync(Cancellation);
        }

        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), Cancellation);
        var log = (await fixture.GetAsync("t")).Log!;
        await UntilAsync(() => log.Record.Ledgers.All(static ledger => ledger.OffloadedTo is not null));

        (await CountAsync(fixture.Ledgers.ListAsync(Cancellation))).ShouldBe(0);
        (await CountAsync(cold.ListAsync(Cancellation))).ShouldBe(3);
        await BrokerFixture.PublishAsync(producer, "message 3", 3);
        await fixture.RestartAsync();
        (await fixture.TextsAsync("t")).ShouldBe(["message 0", "message 1", "message 2", "message 3"]);

        await fixture.Broker.DeleteAsync(BrokerFixture.Name("t"), force: true, Cancellation);
        (await CountAsync(cold.ListAsync(Cancellation))).ShouldBe(0);
    }

    [Theory]
    [InlineData("https://name:k%2Fey@s3.example.com/bucket/a/b?region=eu-1", "https://s3.example.com/", "bucket", "a/b/", "name", "k/ey", "eu-1")]
    [InlineData("http://127.0.0.1:9000/bucket", "http://127.0.0.1:9000/", "bucket", "virga/ledgers/", null, null, "us-east-1")]
    public void A_bucket_is_named_by_a_url(string text, string endpoint, string bucket, string prefix, string? name, string? key, string region)
    {
        S3Url.TryParse(text, out var options).ShouldBeTrue();

        options!.ShouldBe(new S3ColdOptions { Endpoint = new Uri(endpoint), Bucket = bucket, Prefix = prefix, AccessKey = name, SecretKey = key, Region = region });
    }

    [Theory]
    [InlineData("s3://bucket")]
    [InlineData("https://host")]
    [InlineData("https://name@host/bucket")]
    [InlineData("https://host/bucket?color=red")]
    [InlineData("bucket")]
    public void What_names_no_bucket_is_refused(string text) => S3Url.TryParse(text, out _).ShouldBeFalse();

    private static LedgerRecord Ledger(long id, long bytes, long closedAt) => new() { Id = id, Entries = 1, Bytes = bytes, ClosedAt = closedAt };

    private static IEnumerable<long> DueBy(TopicPolicies policies, params LedgerRecord[] closed) => Offloading.Due(closed, 50, policies, 100_000).Select(static ledger => ledger.Id);

    private static async Task<int> CountAsync(IAsyncEnumerable<LedgerId> ledgers)
    {
        var count = 0;
        await foreach (var _ in ledgers)
        {
            count++;
        }

        return count;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            deadline.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
            await Task.Delay(TimeSpan.FromMilliseconds(5), Cancellation);
        }
    }

    private string UrlOf(string prefix) => $"http://{S3Server.AccessKey}:{S3Server.SecretKey}@{s3.Server.Endpoint.Authority}/{S3Server.Bucket}/{prefix}";
}
