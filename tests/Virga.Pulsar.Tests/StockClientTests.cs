using Virga.Pulsar.Tests.Harness;

namespace Virga.Pulsar.Tests;

/// <summary>What npm's pulsar-flex, which nobody here has written, publishes and gets.</summary>
public sealed class StockClientTests(StockClient client) : IClassFixture<StockClient>
{
    private static readonly string[] s_published =
    [
        .. Enumerable.Range(0, 40).Select(static i => $"message {i} at {i}"),
        .. Enumerable.Range(0, 20).Select(static i => $"batched {i} at {i}"),
    ];

    [Fact]
    public void An_exclusive_consumer_gets_everything_in_order() => Report("exclusive").Got.ShouldHaveSingleItem().ShouldBe(s_published);

    [Fact]
    public void Of_two_failover_consumers_one_gets_everything_in_order()
    {
        var got = Report("failover").Got;

        got.ShouldContain(static messages => messages.Count == 0);
        got.ShouldContain(static messages => messages.SequenceEqual(s_published));
    }

    [Fact]
    public void Shared_consumers_get_everything_once_and_what_is_given_back_again()
    {
        var report = Report("shared");

        report.Got.SelectMany(static messages => messages).ShouldBe(s_published, ignoreOrder: true);
        report.Got.ShouldAllBe(static messages => messages.Count > 0);
        report.Again.ShouldBe(["message 7"]);
    }

    [Fact]
    public void Key_shared_consumers_get_everything_once()
    {
        // The client cannot give its messages a key: they are dealt out as one key's.
        var report = Report("keyShared");

        report.Got.SelectMany(static messages => messages).ShouldBe(s_published, ignoreOrder: true);
    }

    private StockClientReport Report(string type)
    {
        client.Reports.ShouldContainKey(type, client.Errors);
        client.Reports[type].IsLate.ShouldBeFalse(client.Errors);
        return client.Reports[type];
    }
}
