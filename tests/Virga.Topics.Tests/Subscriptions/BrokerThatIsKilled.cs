using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;
using Virga.Topics.Tests.Brokers;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>
/// A broker in a process of its own: this test assembly, started once more with only this in it. It publishes and consumes until it is killed, and says what was confirmed and what was delivered,
/// the latter before it is acknowledged.
/// </summary>
public sealed class BrokerThatIsKilled
{
    public const string Topic = "killed";
    public const string Subscription = "s";
    private const int Consumers = 3;
    private const int Keys = 16;
    private const int MostUnconfirmed = 64;
    private const string FolderVariable = "VIRGA_TEST_BROKER";
    private const string RunVariable = "VIRGA_TEST_RUN";
    private const string TypeVariable = "VIRGA_TEST_TYPE";

    internal static Process Start(string folder, int run, SubscriptionType type)
    {
        // The host program of the runtime that runs these tests: DOTNET/shared/FRAMEWORK/VERSION/../../../dotnet.
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        string[] arguments = [typeof(BrokerThatIsKilled).Assembly.Location, "-explicit", "only", "-method", $"{typeof(BrokerThatIsKilled).FullName}.{nameof(It_publishes_and_consumes_until_it_is_killed)}"];
        var start = new ProcessStartInfo(dotnet, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[FolderVariable] = folder;
        start.Environment[RunVariable] = run.ToString(CultureInfo.InvariantCulture);
        start.Environment[TypeVariable] = type.ToString();
        return Process.Start(start)!;
    }

    internal static ConsumerOptions OptionsOf(SubscriptionType type) => new()
    {
        Subscription = SubscriptionName.Parse(Subscription),
        Type = type,
        Start = new MessageId(Position.Earliest),
    };

    [Fact(Explicit = true)]
    public async Task It_publishes_and_consumes_until_it_is_killed()
    {
        var output = Console.OpenStandardOutput();
        var run = int.Parse(Environment.GetEnvironmentVariable(RunVariable)!, CultureInfo.InvariantCulture);
        var type = Enum.Parse<SubscriptionType>(Environment.GetEnvironmentVariable(TypeVariable)!);
        var fixture = await BrokerFixture.StartAsync(folder: Environment.GetEnvironmentVariable(FolderVariable)!);
        Say(output, "open");
        var topic = await fixture.GetAsync(Topic);
        for (var i = 0; i < (type == SubscriptionType.Exclusive ? 1 : Consumers); i++)
        {
            var sink = new SayingSink(output, i, new Random((run * 10) + i));
            sink.Consumer = await topic.SubscribeAsync(OptionsOf(type) with { Name = $"c{i}" }, sink, BrokerFixture.Cancellation);
            sink.Consumer.Permit(500);
        }

        var producer = await topic.ProduceAsync(new ProducerOptions { Name = "p", IsNameOfUser = true }, new TestProducerSink(), BrokerFixture.Cancellation);
        using var room = new SemaphoreSlim(MostUnconfirmed);
        for (var number = run * 1_000_000L; ; number++)
        {
            await room.WaitAsync(BrokerFixture.Cancellation);
            var publish = new SayingPublish(output, room, number)
            {
                Data = MessageWriter.Write(new OutgoingMessage { Payload = Encoding.ASCII.GetBytes($"{number}"), Key = $"k{number % Keys}" }, "p", number, TimeProvider.System.GetUtcNow()),
                SequenceId = number,
                HighestSequenceId = number,
            };
            producer.Publish(publish);
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

    private sealed class SayingPublish(Stream output, SemaphoreSlim room, long number) : PendingPublish
    {
        public override void Published(Position position)
        {
            Say(output, $"confirmed {number} 0");
            room.Release();
        }

        public override void Duplicate() => room.Release();

        public override void Failed(Core.Problems.Problem problem) => Say(output, $"failed {number} 0");
    }

    private sealed class SayingSink(Stream output, int index, Random random) : IConsumerSink
    {
        public Consumer Consumer { get; set; } = null!;

        public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
        {
            foreach (var entry in entries)
            {
                MessageCodec.TryReadHeader(entry.Data, out var header);
                Say(output, $"got {Encoding.ASCII.GetString(entry.Data.Span[header.PayloadOffset..])} {index}");
                if (random.Next(20) > 0)
                {
                    Consumer.Acknowledge([new BatchAck(entry.Position)]);
                }
            }

            Consumer.Permit(entries.Length);
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
