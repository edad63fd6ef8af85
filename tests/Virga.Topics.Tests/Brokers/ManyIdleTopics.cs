using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

/// <summary>
/// Many topics in a process of their own, whose memory is nobody else's: this test assembly, started once more with only this in it. Each topic gets a message and a subscription that does not take it, then nobody
/// uses it any more. Says how much memory they take while they are in it, and what is left when they have left it.
/// </summary>
public sealed class ManyIdleTopics
{
    private const string CountVariable = "VIRGA_TEST_IDLE_TOPICS";
    private const int Parallel = 64;

    private static string DotnetProgram => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    /// <summary>Gives the bytes that a topic takes in memory, and the bytes that are left of it later.</summary>
    internal static async Task<(double Open, double Idle)> MeasureAsync(int count)
    {
        string[] arguments = [typeof(ManyIdleTopics).Assembly.Location, "-explicit", "only", "-method", $"{typeof(ManyIdleTopics).FullName}.{nameof(They_are_made_and_left_alone)}"];
        var start = new ProcessStartInfo(DotnetProgram, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[CountVariable] = count.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        (double Open, double Idle)? measured = null;
        while (await process.StandardOutput.ReadLineAsync(BrokerFixture.Cancellation) is { } line)
        {
            if (line.Split(' ') is ["measured", var open, var idle])
            {
                measured = (double.Parse(open, CultureInfo.InvariantCulture), double.Parse(idle, CultureInfo.InvariantCulture));
            }
        }

        await process.WaitForExitAsync(BrokerFixture.Cancellation);
        return measured.ShouldNotBeNull();
    }

    [Fact(Explicit = true)]
    public async Task They_are_made_and_left_alone()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable(CountVariable) ?? "100000", CultureInfo.InvariantCulture);
        var time = new ManualTime();
        await using var fixture = await BrokerFixture.StartAsync(BrokerFixture.Quiet with { MaxIdleTopics = 0 }, time);
        await FillAsync(fixture, 0, 500);
        await IdleAsync(fixture, time);
        var before = Memory();
        await FillAsync(fixture, 500, count);
        var open = (Memory() - before) / (double)count;
        await IdleAsync(fixture, time);
        fixture.Broker.OpenCount.ShouldBe(0);
        var idle = (Memory() - before) / (double)count;
        using var output = Console.OpenStandardOutput();
        output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"measured {open:0} {idle:0}\n")));
        output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"the process has {Environment.WorkingSet >> 20} MB\n")));
    }

    private static async Task FillAsync(BrokerFixture fixture, int first, int count)
    {
        var next = first - 1;
        await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var i && i < first + count)
            {
                var topic = await fixture.GetAsync($"t{i}");
                await topic.CreateSubscriptionAsync(SubscriptionName.Parse("s"), new MessageId(Position.Latest), [], BrokerFixture.Cancellation);
                var producer = await topic.ProduceAsync(new ProducerOptions(), new TestProducerSink(), BrokerFixture.Cancellation);
                await BrokerFixture.PublishAsync(producer, "a message of some length, as messages have, and that nobody takes");
                producer.Detach();
            }
        })));
    }

    private static async Task IdleAsync(BrokerFixture fixture, ManualTime time)
    {
        time.Advance(TimeSpan.FromMinutes(1));
        await fixture.Broker.UpkeepAsync(TimeSpan.FromSeconds(10), BrokerFixture.Cancellation);
    }

    private static long Memory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
