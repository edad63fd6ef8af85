using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Virga.Topics.Brokers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Brokers;

/// <summary>
/// A broker in a process of its own: this test assembly, started once more with only this in it. Producers publish numbered messages, some of them again and again, until it is killed, and say what was acknowledged.
/// A consumer acknowledges half of what it gets.
/// </summary>
public sealed class PublisherThatIsKilled
{
    public const int Topics = 4;

    private const string FolderVariable = "VIRGA_TEST_BROKER";

    // So many publishes of a producer are under way at once.
    private const int Window = 32;

    public static TopicBrokerOptions Options { get; } = new()
    {
        MaintenanceInterval = TimeSpan.FromMilliseconds(20),
        Logs = new TopicLogOptions { MaxLedgerEntries = 300 },
        Policies = new TopicPolicies { Deduplication = true },
    };

    /// <summary>The host program of the runtime that runs these tests: DOTNET/shared/FRAMEWORK/VERSION/../../../dotnet.</summary>
    private static string DotnetProgram => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    internal static Process Start(string folder)
    {
        string[] arguments = [typeof(PublisherThatIsKilled).Assembly.Location, "-explicit", "only", "-method", $"{typeof(PublisherThatIsKilled).FullName}.{nameof(It_publishes_until_it_is_killed)}"];
        var start = new ProcessStartInfo(DotnetProgram, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[FolderVariable] = folder;
        return Process.Start(start)!;
    }

    [Fact(Explicit = true)]
    public async Task It_publishes_until_it_is_killed()
    {
        using var output = Console.OpenStandardOutput();
        await using var fixture = await BrokerFixture.StartAsync(Options, folder: Environment.GetEnvironmentVariable(FolderVariable));
        await Task.WhenAll(Enumerable.Range(0, Topics).Select(topic => Task.Run(() => PublishAsync(fixture, topic, output))));
    }

    private static async Task PublishAsync(BrokerFixture fixture, int topic, Stream output)
    {
        var opened = await fixture.GetAsync($"t{topic}");
        var sink = new HalfSink();
        sink.Consumer = await opened.SubscribeAsync(new ConsumerOptions { Subscription = SubscriptionName.Parse("s"), Type = SubscriptionType.Shared, Start = new MessageId(Position.Earliest) }, sink, BrokerFixture.Cancellation);
        sink.Consumer.Permit(int.MaxValue);
        var producer = await fixture.ProduceAsync($"t{topic}", $"p{topic}");
        var window = new Queue<(long Sequence, Task<Position> End)>();
        for (var sequence = Math.Max(producer.LastSequenceId - 10, 0); ; sequence++)
        {
            window.Enqueue((sequence, BrokerFixture.PublishAsync(producer, $"{sequence}", sequence)));
            if (sequence % 7 == 3)
            {
                // As a client does that did not hear of an acknowledgement.
                window.Enqueue((sequence, BrokerFixture.PublishAsync(producer, $"{sequence}", sequence)));
            }

            while (window.Count > Window || (window.Count > 0 && window.Peek().End.IsCompleted))
            {
                var (ended, end) = window.Dequeue();
                var position = await end;
                if (position != TestPublish.Repeated)
                {
                    Say(output, $"acknowledged {topic} {ended} {position.Ledger} {position.Entry}");
                }
            }
        }
    }

    // One call of the system for each line: no line is torn, whenever the end comes.
    private static void Say(Stream output, string line)
    {
        lock (output)
        {
            output.Write(Encoding.ASCII.GetBytes($"{line}\n"));
        }
    }

    private sealed class HalfSink : IConsumerSink
    {
        public Consumer? Consumer { get; set; }

        public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
        {
            foreach (var entry in entries)
            {
                if (entry.Position.Entry % 2 == 0)
                {
                    Consumer!.Acknowledge([new BatchAck(entry.Position)]);
                }
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
