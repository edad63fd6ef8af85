using Virga.Core.Resources;
using Virga.Triggers.Dispatching;
using static Virga.Triggers.Tests.TestMessages;

namespace Virga.Triggers.Tests.Dispatching;

/// <summary>Which messages go into which call.</summary>
public sealed class DispatchQueueTests
{
    private readonly List<HeldMessage> _done = [];

    [Fact]
    public void Messages_without_an_order_go_into_calls_as_they_come()
    {
        var queue = Queue();
        Add(queue, null, 1, 2);

        Entries(queue.Take(0)).ShouldBe([1]);
        Entries(queue.Take(0)).ShouldBe([2]);
        queue.Take(0).ShouldBeNull();
        queue.Held.ShouldBe(2);
    }

    [Fact]
    public void A_key_waits_for_the_end_of_the_call_that_has_its_message_and_others_do_not()
    {
        var queue = Queue();
        Add(queue, "a", 1, 2);
        Add(queue, "b", 3);

        var first = queue.Take(0)!;
        Entries(queue.Take(0)).ShouldBe([3]);
        queue.Take(0).ShouldBeNull();
        queue.Return(first, [false], _done);
        Entries(queue.Take(0)).ShouldBe([2]);
    }

    [Fact]
    public void A_message_that_comes_again_keeps_its_key_waiting_until_its_time()
    {
        var queue = Queue();
        Add(queue, "a", 1, 2);
        var first = queue.Take(0)!;
        first[0].DueAt = 50;
        queue.Return(first, [true], _done);

        queue.Take(49).ShouldBeNull();
        queue.NextAt().ShouldBe(50);
        queue.Delayed.ShouldBe(1);
        Entries(queue.Take(50)).ShouldBe([1]);
        _done.ShouldBeEmpty();
    }

    [Fact]
    public void What_stands_behind_a_failed_message_of_its_key_comes_again_too()
    {
        var queue = Queue(most: 10);
        Add(queue, "a", 1, 2, 3);
        Add(queue, "b", 4);
        var taken = queue.Take(0)!;
        Entries(taken).ShouldBe([1, 2, 3, 4]);
        queue.Return(taken, [false, true, false, false], _done);

        Entries(_done).ShouldBe([1, 4]);
        Entries(queue.Take(1)).ShouldBe([2, 3]);
    }

    [Fact]
    public void A_call_has_as_many_messages_and_bytes_as_it_may()
    {
        var queue = Queue(most: 3, bytes: 10);
        foreach (var payload in new[] { "1234", "1234", "1234", "x", "x", "x", "x", "12345678901234" })
        {
            queue.Add(Held(Message(0, payload)));
        }

        queue.Take(0)!.Select(static held => held.Size).ShouldBe([4, 4]);
        queue.Take(0)!.Select(static held => held.Size).ShouldBe([4, 1, 1]);
        queue.Take(0)!.Select(static held => held.Size).ShouldBe([1, 1]);
        queue.Take(0)!.Select(static held => held.Size).ShouldBe([14]);
    }

    [Fact]
    public void A_call_that_others_may_fill_waits_for_them_but_no_longer_than_it_is_said()
    {
        var queue = Queue(most: 3, wait: 100);
        Add(queue, null, 1);

        queue.Take(10).ShouldBeNull();
        queue.NextAt().ShouldBe(110);
        Add(queue, null, 2);
        queue.Take(109).ShouldBeNull();
        Entries(queue.Take(110)).ShouldBe([1, 2]);
        Add(queue, null, 3, 4, 5);
        Entries(queue.Take(111)).ShouldBe([3, 4, 5]);
    }

    [Fact]
    public void A_message_that_is_tried_by_itself_has_no_company()
    {
        var queue = Queue(most: 10);
        Add(queue, "a", 1, 2);
        Add(queue, null, 3);
        var taken = queue.Take(0)!;
        taken.ForEach(static held => held.IsAlone = true);
        queue.Return(taken, [true, true, true], _done);
        Add(queue, null, 4);

        var calls = new List<int[]>();
        while (queue.Take(1) is { } call)
        {
            calls.Add(Entries(call));
            queue.Return(call, new bool[call.Count], _done);
        }

        calls.OrderBy(static call => call[0]).ShouldBe([[1], [2], [3], [4]]);
    }

    [Fact]
    public void What_belongs_to_another_node_now_is_dropped_but_for_what_is_with_the_function()
    {
        var queue = Queue();
        queue.Add(Held(Message(1, topic: "mine"), "a"));
        queue.Add(Held(Message(2, topic: "lost"), "b"));
        queue.Add(Held(Message(3, topic: "lost"), "b"));
        queue.Add(Held(Message(4, topic: "lost")));
        var with = Enumerable.Range(0, 3).Select(_ => queue.Take(0)!).Single(static call => call[0].Message.Id.Position.Entry == 2);
        queue.Add(Held(Message(5, topic: "lost")));
        queue.Add(Held(Message(6, topic: "mine")));

        queue.Drop(static held => held.Message.Topic.Local == "lost");

        Entries(queue.Take(0)).ShouldBe([6]);
        queue.Take(0).ShouldBeNull();
        queue.Return(with, [false], _done);
        queue.Take(0).ShouldBeNull();
        queue.Held.ShouldBe(3);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 0)]
    [InlineData(16, 20)]
    public void Every_message_is_dealt_with_once_and_every_key_in_its_order_whatever_fails(int most, long wait)
    {
        for (var seed = 0; seed < 300; seed++)
        {
            Simulate(seed, most, wait);
        }
    }

    private static void Simulate(int seed, int most, long wait)
    {
        var random = new Random(seed);
        var queue = new DispatchQueue(new TriggerBatch { MaxMessages = most, MaxBytes = new ByteSize(12) }, wait);
        var (now, added, running) = (0L, 0, new List<List<HeldMessage>>());
        var (done, arrived) = (new List<HeldMessage>(), new Dictionary<string, List<int>>(StringComparer.Ordinal));
        while (done.Count < 60)
        {
            now += random.Next(4);
            if (added < 60 && random.Next(2) == 0)
            {
                var key = random.Next(4) == 0 ? null : $"k{random.Next(3)}";
                arrived.TryAdd(key ?? "", []);
                arrived[key ?? ""].Add(added);
                queue.Add(Held(Message(added++, new string('x', random.Next(6)), key), key));
            }

            if (running.Count < 3 && queue.Take(now) is { } call)
            {
                call.Count.ShouldBeLessThanOrEqualTo(most, $"seed {seed}");
                (call.Count == 1 || call.Sum(static held => held.Size) <= 12).ShouldBeTrue($"seed {seed}");
                running.SelectMany(static other => other).Any(other => other.Message.Key is not null && call.Any(held => held.Message.Key == other.Message.Key)).ShouldBeFalse($"seed {seed}: a key is in two calls");
                running.Add(call);
            }

            if (running.Count > 0 && random.Next(3) == 0)
            {
                var ended = running[random.Next(running.Count)];
                running.Remove(ended);
                var again = ended.Select(_ => random.Next(3) == 0).ToArray();
                foreach (var held in ended)
                {
                    held.DueAt = random.Next(2) == 0 ? now + random.Next(20) : held.DueAt;
                    held.IsAlone |= random.Next(8) == 0;
                }

                queue.Return(ended, again, done);
            }

            now.ShouldBeLessThan(100_000, $"seed {seed}: something waits for ever");
        }

        queue.Held.ShouldBe(0, $"seed {seed}");
        queue.HeldBytes.ShouldBe(0, $"seed {seed}");
        queue.Ready.ShouldBe(0, $"seed {seed}");
        done.Select(static held => held.Message.Id).Distinct().Count().ShouldBe(60, $"seed {seed}");
        foreach (var (key, entries) in arrived.Where(static lane => lane.Key.Length > 0))
        {
            Entries(done.Where(held => held.Message.Key == key)).ShouldBe([.. entries], $"seed {seed}, key {key}");
        }
    }

    private static DispatchQueue Queue(int most = 1, long bytes = 1 << 20, long wait = 0) => new(new TriggerBatch { MaxMessages = most, MaxBytes = new ByteSize(bytes) }, wait);

    private static void Add(DispatchQueue queue, object? lane, params int[] entries)
    {
        foreach (var entry in entries)
        {
            queue.Add(Held(Message(entry), lane));
        }
    }

    private static int[] Entries(IEnumerable<HeldMessage>? messages) => [.. (messages ?? []).Select(static held => (int)held.Message.Id.Position.Entry)];
}
