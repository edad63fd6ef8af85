using System.Globalization;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;

namespace Virga.Topics.Tests.Brokers;

public sealed class CrashTests
{
    private static CancellationToken Cancellation => BrokerFixture.Cancellation;

    [Fact]
    public async Task Whenever_a_broker_is_killed_every_acknowledged_message_is_where_it_was_and_none_is_there_twice()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var folder = Directory.CreateTempSubdirectory("virga-killed-").FullName;
        try
        {
            var acknowledged = new Dictionary<(int Topic, Position Position), long>();
            for (var kill = 0; kill < 4; kill++)
            {
                await RunAndKillAsync(folder, acknowledged, random.Next(1, 3000));
                await using var fixture = await BrokerFixture.StartAsync(PublisherThatIsKilled.Options with { MaintenanceInterval = TimeSpan.FromHours(10) }, folder: folder);
                for (var topic = 0; topic < PublisherThatIsKilled.Topics; topic++)
                {
                    await CheckAsync(fixture, topic, acknowledged);
                }
            }

            acknowledged.Count.ShouldBeGreaterThan(100);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task CheckAsync(BrokerFixture fixture, int topic, Dictionary<(int Topic, Position Position), long> acknowledged)
    {
        var opened = await fixture.GetAsync($"t{topic}");
        var entries = await opened.PeekAsync(Position.Earliest, int.MaxValue, Cancellation);
        var stored = entries.ToDictionary(static entry => entry.Position, static entry => long.Parse(BrokerFixture.TextOf(entry.Data), CultureInfo.InvariantCulture));
        var first = opened.Log!.First;
        foreach (var ((of, position), sequence) in acknowledged)
        {
            // What everybody acknowledged may be trimmed; nothing else may be missing.
            if (of == topic && position >= first)
            {
                stored.ShouldContainKeyAndValue(position, sequence);
            }
        }

        // Each number once, in order, without a gap: neither the repetitions within a run nor those across runs are there.
        var numbers = entries.Select(entry => stored[entry.Position]).ToList();
        numbers.ShouldBe(Enumerable.Range(0, numbers.Count).Select(i => numbers[0] + i));
        var producer = await fixture.ProduceAsync($"t{topic}", $"p{topic}");
        producer.LastSequenceId.ShouldBe(numbers.Count == 0 ? producer.LastSequenceId : numbers[^1]);
        if (producer.LastSequenceId >= 0)
        {
            (await BrokerFixture.PublishAsync(producer, "again", producer.LastSequenceId)).ShouldBe(TestPublish.Repeated);
        }

        var marked = opened.ListSubscriptions().Count == 0 ? Position.Earliest : opened.ListSubscriptions()[0].MarkDeleted;
        opened.Log.Before(first).ShouldBeLessThanOrEqualTo(marked);
    }

    private static async Task RunAndKillAsync(string folder, Dictionary<(int Topic, Position Position), long> acknowledged, int lines)
    {
        using var process = PublisherThatIsKilled.Start(folder);
        using var reader = process.StandardOutput;
        var heard = 0;
        while (heard < lines && await reader.ReadLineAsync(Cancellation) is { } line)
        {
            heard += Hear(line, acknowledged);
        }

        heard.ShouldBe(lines, "the process ended by itself");
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
        while (await reader.ReadLineAsync(Cancellation) is { } line)
        {
            Hear(line, acknowledged);
        }
    }

    // The runner says things of its own, which do not count.
    private static int Hear(string line, Dictionary<(int Topic, Position Position), long> acknowledged)
    {
        if (line.Split(' ') is not ["acknowledged", var topic, var sequence, var ledger, var entry])
        {
            return 0;
        }

        acknowledged.Add((Number(topic), new Position(Number(ledger), Number(entry))), Number(sequence));
        return 1;

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }
}
