using FsCheck;
using FsCheck.Fluent;
using Virga.Streams.Windows;

namespace Virga.Streams.Tests.Windows;

/// <summary>
/// A lane that is killed at any moment and starts again from what it had not acknowledged must publish what it would have published without: each closing once, by its number, and the same.
/// </summary>
public sealed class WindowReplayTests
{
    private const int Lateness = 7;

    public static TheoryData<string> Kinds => ["tumbling", "sliding", "session", "count", "sliding count"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_lane_that_is_killed_publishes_what_it_would_have_published(string kind) =>
        Prop.ForAll(Histories(), history => Show(Published(kind, history.Readings, history.Kills)).ShouldBe(Show(Published(kind, history.Readings, []))))
            .QuickCheckThrowOnFailure();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_message_is_in_a_window_or_late_or_held(string kind) =>
        Prop.ForAll(Histories(), history =>
        {
            var windows = Make(kind);
            var seen = new HashSet<long>();
            var late = 0;
            var watermark = long.MinValue;
            foreach (var reading in history.Readings)
            {
                late += windows.Add(reading, isReplayed: false) ? 0 : 1;
                watermark = Math.Max(watermark, reading.Time - Lateness);
                foreach (var closing in windows.Advance(watermark).Concat(windows.Close()))
                {
                    closing.Done.All(done => seen.Add(done.Sequence)).ShouldBeTrue("no message is done twice");
                }
            }

            (seen.Count + late + windows.Held).ShouldBe(history.Readings.Length);
        }).QuickCheckThrowOnFailure();

    private static Windowing<Reading> Make(string kind) => kind switch
    {
        "tumbling" => new TimeWindows<Reading>(10, 10),
        "sliding" => new TimeWindows<Reading>(12, 4),
        "session" => new SessionWindows<Reading>(6),
        "count" => new CountWindows<Reading>(4, 4),
        _ => new CountWindows<Reading>(5, 2),
    };

    // By their numbers, what an output topic that drops repeated numbers has in the end.
    private static SortedDictionary<long, string> Published(string kind, Reading[] readings, (int After, int Published, int Durable)[] kills)
    {
        var published = new SortedDictionary<long, string>();
        var acknowledged = new HashSet<long>();
        var note = (Watermark: long.MinValue, Taken: -1L);
        var taken = 0;
        foreach (var kill in kills.Append((After: readings.Length, Published: int.MaxValue, Durable: int.MaxValue)))
        {
            // Never less than was taken before a kill: the broker has delivered it, and something of it may be published.
            taken = Math.Min(readings.Length, taken + kill.After);
            var steps = Take(kind, readings[..taken].Where(reading => !acknowledged.Contains(reading.Sequence)), note);
            foreach (var closing in steps.SelectMany(static step => step.Closings).Take(Math.Max(kill.Published, steps.Take(kill.Durable).Sum(static step => step.Closings.Count))))
            {
                if (published.Count == 0 || closing.Sequence > published.Keys.Last())
                {
                    published.Add(closing.Sequence, Describe(closing));
                }
            }

            foreach (var step in steps.Take(kill.Durable))
            {
                acknowledged.UnionWith(step.Acknowledged);
                note = (step.Watermark, step.Taken);
            }
        }

        return published;
    }

    private static List<Step> Take(string kind, IEnumerable<Reading> readings, (long Watermark, long Taken) note)
    {
        var windows = Make(kind);
        windows.Restore(note.Watermark);
        var watermark = note.Watermark;
        var steps = new List<Step>();
        foreach (var reading in readings)
        {
            var isReplayed = reading.Sequence <= note.Taken;
            var isLate = !windows.Add(reading, isReplayed);
            if (isReplayed)
            {
                isLate.ShouldBeFalse("what was not acknowledged is in an open window");
                continue;
            }

            watermark = Math.Max(watermark, reading.Time - Lateness);
            var closings = windows.Advance(watermark).Concat(windows.Close()).ToList();
            var acknowledged = closings.SelectMany(static closing => closing.Done).Select(static done => done.Sequence).ToList();
            if (isLate)
            {
                acknowledged.Add(reading.Sequence);
            }

            if (acknowledged.Count + closings.Count > 0)
            {
                steps.Add(new Step(closings, acknowledged, watermark, reading.Sequence));
            }
        }

        return steps;
    }

    private static string Show(SortedDictionary<long, string> published) => string.Join(Environment.NewLine, published);

    private static string Describe(WindowClosing<Reading> closing) =>
        string.Join(" ", closing.Windows.Select(static window => $"{window.Key}[{window.Span.Start},{window.Span.End}):{string.Join(',', window.Messages.Select(static reading => reading.Sequence))}"));

    private static Arbitrary<(Reading[] Readings, (int After, int Published, int Durable)[] Kills)> Histories()
    {
        var step = Gen.Choose(-6, 9);
        var key = Gen.Elements("", "a", "b");
        var reading = from jump in step from one in key select (Jump: jump, Key: one);
        var kill = from after in Gen.Choose(1, 15) from published in Gen.Choose(0, 6) from durable in Gen.Choose(0, 6) select (after, published, durable);
        var history = from steps in reading.ArrayOf(60) from kills in kill.ArrayOf(5) select (Read(steps), kills);
        return history.ToArbitrary();
    }

    private static Reading[] Read((int Jump, string Key)[] steps)
    {
        var time = 0L;
        var readings = new Reading[steps.Length];
        for (var i = 0; i < readings.Length; i++)
        {
            time += steps[i].Jump;
            readings[i] = new Reading(time, steps[i].Key, i);
        }

        return readings;
    }

    /// <summary>What one message led to: published closing by closing, acknowledged at once, with where the lane stands.</summary>
    private sealed record Step(List<WindowClosing<Reading>> Closings, List<long> Acknowledged, long Watermark, long Taken);
}
