using FsCheck;
using FsCheck.Fluent;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Tests.Subscriptions;

public sealed class CursorTests
{
    [Fact]
    public void A_set_of_entries_is_what_a_plain_set_is()
    {
        for (ulong seed = 1; seed <= 300; seed++)
        {
            var random = new SeededRandom(seed);
            var set = new EntrySet();
            var plain = new SortedSet<Position>();
            for (var step = 0; step < 300; step++)
            {
                var position = new Position(random.Next(3), random.Next(3) * 4000 + random.Next(200));
                switch (random.Next(10))
                {
                    case 0:
                        set.Remove(position).ShouldBe(plain.Remove(position), $"seed {seed}");
                        break;
                    case 1 when random.Chance(0.2):
                        set.RemoveThrough(position);
                        plain.RemoveWhere(other => other <= position);
                        break;
                    case 2:
                        var isNext = set.TryNext(position, out var next);
                        var expected = plain.GetViewBetween(position, Position.Latest);
                        isNext.ShouldBe(expected.Count > 0, $"seed {seed}");
                        (isNext ? next : default).ShouldBe(expected.Count > 0 ? expected.Min : default, $"seed {seed}");
                        break;
                    case 3 when set.Contains(position):
                        var end = position.Entry;
                        while (plain.Contains(new Position(position.Ledger, end + 1)))
                        {
                            end++;
                        }

                        set.RunEnd(position).ShouldBe(end, $"seed {seed}");
                        break;
                    default:
                        set.Add(position).ShouldBe(plain.Add(position), $"seed {seed}");
                        break;
                }

                set.Contains(position).ShouldBe(plain.Contains(position), $"seed {seed}");
                set.Count.ShouldBe(plain.Count, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void A_cursor_moves_over_what_is_acknowledged_and_over_nothing_else()
    {
        for (ulong seed = 1; seed <= 300; seed++)
        {
            var random = new SeededRandom(seed);
            var log = new MemoryLog();
            var all = new List<Position>();
            for (var i = 0; i < 200; i++)
            {
                all.Add(log.Append([1]));
                if (random.Chance(0.05))
                {
                    log.Roll();
                }
            }

            var cursor = new Cursor(log);
            cursor.Reset(log.Before(log.First));
            var acknowledged = new HashSet<Position>();
            for (var i = 0; i < 300; i++)
            {
                var position = random.Pick(all);
                if (random.Chance(0.01))
                {
                    cursor.AcknowledgeThrough(position);
                    acknowledged.UnionWith(all.Where(other => other <= position));
                }
                else
                {
                    cursor.Acknowledge(position).ShouldBe(acknowledged.Add(position), $"seed {seed}");
                }

                var first = all.FindIndex(other => !acknowledged.Contains(other));
                cursor.MarkDeleted.ShouldBe(first == 0 ? new Position(all[0].Ledger, -1) : first < 0 ? all[^1] : all[first - 1], $"seed {seed}");
                cursor.Backlog.ShouldBe(all.Count - acknowledged.Count, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void A_cursor_is_read_as_it_was_written()
    {
        for (ulong seed = 1; seed <= 60; seed++)
        {
            var random = new SeededRandom(seed);
            var cursor = Any(random, out var log);
            KeyValuePair<string, string>[] properties = [new("a", "b"), new("", "ä\u0001")];
            var bytes = CursorCodec.Encode(cursor, (long)seed, properties, "note");
            var record = CursorCodec.Decode(bytes).ShouldNotBeNull($"seed {seed}");
            record.Writer.ShouldBe((long)seed);
            record.Note.ShouldBe("note");
            record.Properties.ShouldBe(properties);
            var again = new Cursor(log);
            again.Restore(record, log);
            again.MarkDeleted.ShouldBe(cursor.MarkDeleted, $"seed {seed}");
            again.Backlog.ShouldBe(cursor.Backlog, $"seed {seed}");
            CursorCodec.Encode(again, (long)seed, properties, "note").ShouldBe(bytes, $"seed {seed}");
        }
    }

    [Fact]
    public void A_cursor_takes_no_more_than_a_bit_an_entry()
    {
        var log = new MemoryLog();
        var cursor = new Cursor(log);
        for (var i = 0; i < 100_000; i++)
        {
            var position = log.Append([1]);
            if (i % 2 == 1)
            {
                cursor.Acknowledge(position);
            }
        }

        CursorCodec.Encode(cursor, 0, [], "").Length.ShouldBeLessThan(100_000 / 8 * 11 / 10);
    }

    [Fact]
    public void Broken_bytes_are_refused_and_never_thrown_at()
    {
        byte[][] whole = [.. Enumerable.Range(1, 20).Select(static seed => CursorCodec.Encode(Any(new SeededRandom((ulong)seed), out _), 7, [new("name", "value")], "n"))];
        for (ulong seed = 1; seed <= 3000; seed++)
        {
            var random = new SeededRandom(seed);
            byte[] bytes = [.. random.Pick(whole)];
            for (var i = random.Next(4); i >= 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var cut = bytes.AsSpan(0, random.Chance(0.5) ? bytes.Length : random.Next(bytes.Length));
            var record = CursorCodec.Decode(cut);
            if (cut.Length < 6)
            {
                record.ShouldBeNull($"seed {seed}");
            }
        }
    }

    [Fact]
    public void Any_bytes_are_refused_or_read() => Prop.ForAll<byte[]>(static bytes =>
    {
        bytes ??= [];
        CursorCodec.Decode(bytes);
        CursorCodec.Decode([1, .. bytes]);
    }).QuickCheckThrowOnFailure();

    private static Cursor Any(SeededRandom random, out MemoryLog log)
    {
        log = new MemoryLog();
        var cursor = new Cursor(log);
        var density = random.NextDouble();
        var count = 1 + random.Next(10_000);
        for (var i = 0; i < count; i++)
        {
            var position = log.Append([1]);
            if (random.Chance(0.0005))
            {
                log.Roll();
            }

            if (i == 0)
            {
                cursor.Reset(log.Before(log.First));
            }
            else if (random.Chance(0.002))
            {
                cursor.Acknowledge(position, [(long)random.Next() | 1, (long)random.Next()]);
            }
            else if (random.Chance(density))
            {
                cursor.Acknowledge(position);
            }
        }

        return cursor;
    }
}
