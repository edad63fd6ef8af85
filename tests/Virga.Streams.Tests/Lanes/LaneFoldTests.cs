using FsCheck;
using FsCheck.Fluent;
using Virga.Core.Resources;
using Virga.Streams.Lanes;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Streams.Tests.Lanes;

/// <summary>A lane is its fold, its note and its acknowledgements: wherever it is killed, what it publishes by its numbers is what it would have published.</summary>
public sealed class LaneFoldTests
{
    public static TheoryData<string> Kinds => ["none", "tumbling", "sliding", "session", "count", "all keys"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_lane_that_is_killed_numbers_its_works_as_if_it_had_not_been(string kind) =>
        Prop.ForAll(Histories(), history => Show(Published(kind, history.Messages, history.Kills)).ShouldBe(Show(Published(kind, history.Messages, []))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_late_message_is_acknowledged_and_leads_to_nothing()
    {
        var fold = new LaneFold(new StreamWindow { Size = Duration.FromSeconds(1), Time = StreamTime.Event }, LaneNote.Begin(1));
        var steps = new List<LaneStep>();
        fold.Take(Message(0, 5000, "a"), [], 1, 0, steps);
        fold.Take(Message(2, 100, "a"), [], 1, 0, steps);

        fold.Late.ShouldBe(1);
        var step = steps.ShouldHaveSingleItem();
        step.Works.ShouldBeEmpty();
        step.Done.ShouldHaveSingleItem().Position.Entry.ShouldBe(1);
        fold.Held.ShouldBe(1);
    }

    [Fact]
    public void Time_without_messages_closes_windows()
    {
        var fold = new LaneFold(new StreamWindow { Size = Duration.FromSeconds(1) }, LaneNote.Begin(1));
        var steps = new List<LaneStep>();
        fold.Take(Message(0, 100, "a"), [], 1, 0, steps);
        steps.ShouldBeEmpty();

        fold.Pass(1000, steps);

        steps.ShouldHaveSingleItem().Works.ShouldHaveSingleItem().Key.ShouldBe("a");
        fold.HeldBytes.ShouldBe(0);
    }

    [Fact]
    public void A_note_is_read_as_it_was_written()
    {
        var note = LaneNote.Begin(7) with { Taken = new Position(3, 9), TakenIndex = 4, Messages = 12, Works = 5, Watermark = -1 };

        LaneNote.TryParse(note.ToString(), out var read).ShouldBeTrue();

        read.ShouldBe(note);
        LaneNote.TryParse("2 1 2 3 4 5 6 7", out _).ShouldBeFalse();
        LaneNote.TryParse(null, out _).ShouldBeFalse();
    }

    // By their numbers, the works whose answers an output topic has in the end that takes each number once.
    private static SortedDictionary<long, string> Published(string kind, TopicMessage[] messages, (int After, int Published, int Durable)[] kills)
    {
        var published = new SortedDictionary<long, string>();
        var acknowledged = new HashSet<MessageId>();
        var note = LaneNote.Begin(1);
        var taken = 0;
        foreach (var kill in kills.Append((After: messages.Length, Published: int.MaxValue, Durable: int.MaxValue)))
        {
            taken = Math.Min(messages.Length, taken + kill.After);
            var fold = new LaneFold(Window(kind), note);
            var steps = new List<LaneStep>();
            foreach (var message in messages[..taken])
            {
                if (!acknowledged.Contains(message.Id))
                {
                    fold.Take(message, [], 1, 0, steps);
                }
            }

            foreach (var work in steps.SelectMany(static step => step.Works).Take(Math.Max(kill.Published, steps.Take(kill.Durable).Sum(static step => step.Works.Count))))
            {
                if (published.Count == 0 || work.Number > published.Keys.Last())
                {
                    published.Add(work.Number, $"{work.Key} {work.Window?.Span} {string.Join(',', work.Messages.Select(static message => message.Message.Id))}");
                }
            }

            foreach (var step in steps.Take(kill.Durable))
            {
                acknowledged.UnionWith(step.Done.Select(static message => message.Message.Id));
                note = step.Note;
            }
        }

        return published;
    }

    private static string Show(SortedDictionary<long, string> published) => string.Join(Environment.NewLine, published);

    private static StreamWindow? Window(string kind) => kind switch
    {
        "none" => null,
        "tumbling" => new StreamWindow { Size = Milliseconds(10), Lateness = Milliseconds(7) },
        "sliding" => new StreamWindow { Size = Milliseconds(12), Slide = Milliseconds(4), Lateness = Milliseconds(7) },
        "session" => new StreamWindow { Gap = Milliseconds(6), Lateness = Milliseconds(7) },
        "count" => new StreamWindow { Count = 4, Every = 2 },
        _ => new StreamWindow { Size = Milliseconds(10), PerKey = false },
    };

    private static Duration Milliseconds(int count) => new(TimeSpan.FromMilliseconds(count));

    private static TopicMessage Message(int number, long time, string key) => new()
    {
        Topic = TopicName.Parse("in"),

        // Entries of one message and of batches of two.
        Id = new MessageId(new Position(1 + (number / 20), number / 2), -1, number % 4 < 2 ? number % 2 : -1),
        Payload = default,
        Key = key,
        PublishedAt = DateTimeOffset.FromUnixTimeMilliseconds(time),
        EventAt = DateTimeOffset.FromUnixTimeMilliseconds(time),
    };

    private static Arbitrary<(TopicMessage[] Messages, (int After, int Published, int Durable)[] Kills)> Histories()
    {
        var one = from jump in Gen.Choose(-6, 9) from key in Gen.Elements("", "a", "b") select (Jump: jump, Key: key);
        var kill = from after in Gen.Choose(1, 15) from published in Gen.Choose(0, 6) from durable in Gen.Choose(0, 6) select (after, published, durable);
        return (from steps in one.ArrayOf(60) from kills in kill.ArrayOf(5) select (Read(steps), kills)).ToArbitrary();
    }

    private static TopicMessage[] Read((int Jump, string Key)[] steps)
    {
        var time = 1000L;
        var messages = new List<TopicMessage>();
        for (var i = 0; i < steps.Length; i++)
        {
            time += steps[i].Jump;
            messages.Add(Message(i, time, steps[i].Key));
        }

        // Where an entry is one message, there is no second of it.
        return [.. messages.DistinctBy(static message => message.Id)];
    }
}
