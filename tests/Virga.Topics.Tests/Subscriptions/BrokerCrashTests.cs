using System.Globalization;
using System.Text;
using Virga.Topics.Subscriptions;
using Virga.Topics.Tests.Brokers;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>A broker over real files is killed again and again while it publishes and delivers.</summary>
public sealed class BrokerCrashTests
{
    private const int Kills = 3;
    private const int Keys = 16;

    [Theory]
    [InlineData(SubscriptionType.Exclusive)]
    [InlineData(SubscriptionType.Shared)]
    [InlineData(SubscriptionType.KeyShared)]
    public async Task Every_confirmed_message_is_delivered_and_in_order_after_each_kill(SubscriptionType type)
    {
        var seed = 20261125 + (int)type;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var folder = Directory.CreateTempSubdirectory("virga-killed-").FullName;
        var confirmed = new HashSet<long>();
        var got = new HashSet<long>();
        for (var run = 0; run < Kills; run++)
        {
            var inRun = new Dictionary<long, long>();
            using var process = BrokerThatIsKilled.Start(folder, run, type);
            using var reader = new StreamReader(process.StandardOutput.BaseStream, Encoding.ASCII);
            var least = random.Next(100, 2500);
            for (var lines = 0; lines < least && await reader.ReadLineAsync(BrokerFixture.Cancellation) is { } line;)
            {
                lines += Hear(line, run) ? 1 : 0;
            }

            process.Kill();
            await process.WaitForExitAsync(BrokerFixture.Cancellation);
            while (await reader.ReadLineAsync(BrokerFixture.Cancellation) is { } line)
            {
                Hear(line, run);
            }

            // The runner says things of its own, which do not count.
            bool Hear(string line, int run)
            {
                if (line.Split(' ') is not [var what and ("confirmed" or "got" or "failed"), var text, _])
                {
                    return line == "open";
                }

                what.ShouldNotBe("failed");
                var number = long.Parse(text, CultureInfo.InvariantCulture);
                (what == "got" ? got : confirmed).Add(number);
                if (what == "got" && type != SubscriptionType.Shared)
                {
                    // Nothing is rejected: within one run of the broker each message comes once, in order.
                    var key = type == SubscriptionType.KeyShared ? number % Keys : 0;
                    inRun.GetValueOrDefault(key, -1).ShouldBeLessThan(number, $"run {run}");
                    inRun[key] = number;
                }

                return true;
            }
        }

        await using var fixture = await BrokerFixture.StartAsync(folder: folder);
        var topic = await fixture.GetAsync(BrokerThatIsKilled.Topic);
        var sink = new DrainingSink();
        sink.Consumer = await topic.SubscribeAsync(BrokerThatIsKilled.OptionsOf(type), sink, BrokerFixture.Cancellation);
        sink.Consumer.Permit(int.MaxValue);
        SpinWait.SpinUntil(() => topic.Find(sink.Consumer.Subscription)!.Backlog == 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        lock (sink.Got)
        {
            got.UnionWith(sink.Got);
        }

        confirmed.Count.ShouldBeGreaterThan(500);
        confirmed.Except(got).Order().Take(10).ShouldBeEmpty();
    }

    private sealed class DrainingSink : IConsumerSink
    {
        public Consumer Consumer { get; set; } = null!;

        public HashSet<long> Got { get; } = [];

        public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
        {
            foreach (var entry in entries)
            {
                lock (Got)
                {
                    Got.Add(long.Parse(BrokerFixture.TextOf(entry.Data), CultureInfo.InvariantCulture));
                }

                Consumer.Acknowledge([new BatchAck(entry.Position)]);
            }
        }

        public void ActiveChanged(bool isActive)
        {
        }

        public void EndReached()
        {
        }

        public void Closed(CloseReason reason)
        {
        }
    }
}
