using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Logs;
using Virga.State.Mutations;
using Virga.State.Stores;
using Virga.State.Tests.Support;
using Virga.State.Time;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Logs;

public sealed class WriteAheadLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FaultyDisk _disk = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Durability.Sync)]
    [InlineData(Durability.Interval)]
    public async Task What_was_appended_is_recovered_in_order(Durability durability)
    {
        await using (var log = await OpenAsync(durability))
        {
            await AppendAsync(log, 0, 20);
            log.Append(Key("last"), Delta("not awaited"));
        }

        Recovered(_folder.Path).ShouldBe([.. Enumerable.Range(0, 20).Select(i => $"{i}"), "not awaited"]);
    }

    [Fact]
    public async Task Deltas_that_are_appended_together_are_recovered_together_or_not_at_all()
    {
        long position;
        await using (var log = await OpenAsync(Durability.Sync))
        {
            position = log.AppendAll([new(Key("a"), Delta("a")), new(Key("b"), Delta("b")), new(Key("c"), Delta("c"))]);
            await log.DurableAsync(position, Cancellation);
        }

        var file = SegmentOf(_folder.Path);
        var whole = await File.ReadAllBytesAsync(file, Cancellation);
        for (var length = LogFormat.SegmentHeaderBytes; length < position + LogFormat.SegmentHeaderBytes; length += 9)
        {
            await File.WriteAllBytesAsync(file, whole[..length], Cancellation);
            Recovered(_folder.Path).Count.ShouldBe(0, $"cut at {length}");
        }
    }

    [Fact]
    public async Task A_log_torn_at_any_byte_of_its_last_record_keeps_all_others_and_goes_on()
    {
        var (whole, lastBegins) = await FiveAsync(marked: false);
        for (var length = lastBegins; length < whole.Length; length++)
        {
            foreach (var tail in new byte[][] { [], new byte[64], [.. Enumerable.Repeat((byte)0xA5, 64)] })
            {
                using var copy = new TemporaryFolder();
                await File.WriteAllBytesAsync(copy[LogFormat.SegmentName(0)], [.. whole[..length], .. tail], Cancellation);

                Recovered(copy.Path).ShouldBe(["0", "1", "2", "3"], $"cut at {length}");
                await using (var log = await OpenAsync(Durability.Sync, copy.Path))
                {
                    await AppendAsync(log, 7, 8);
                }

                Recovered(copy.Path).ShouldBe(["0", "1", "2", "3", "7"], $"cut at {length}, then appended");
            }
        }
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_in_the_log_is_reported_or_does_no_harm()
    {
        var (whole, _) = await FiveAsync(marked: true);
        var path = SegmentOf(_folder.Path);
        var reported = 0;
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= (byte)(1 << (at % 8));
            await File.WriteAllBytesAsync(path, damaged, Cancellation);
            try
            {
                Recovered(_folder.Path).ShouldBe(["0", "1", "2", "3", "4"], $"flipped at {at}");
            }
            catch (ProblemException exception)
            {
                exception.Problem.Slug.ShouldBe("state-corrupted");
                exception.Problem.Detail.ShouldNotBeNull().ShouldContain(path);
                exception.Problem.Fix.ShouldNotBeNull().ShouldContain("truncate");
                reported++;
            }
        }

        // All but the mark at the end, which holds nothing.
        reported.ShouldBe(whole.Length - LogFormat.BatchHeaderBytes);
    }

    [Fact]
    public async Task A_segment_that_is_missing_is_reported()
    {
        await using (var log = await OpenAsync(Durability.Sync))
        {
            for (var i = 0; i < 3; i++)
            {
                await AppendAsync(log, i, i + 1);
                log.Rotate();
            }

            await AppendAsync(log, 3, 4);
        }

        var segments = Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal).ToArray();
        segments.Length.ShouldBe(4);
        File.Delete(segments[1]);

        Should.Throw<ProblemException>(() => Recovered(_folder.Path)).Problem.Slug.ShouldBe("state-corrupted");
    }

    [Fact]
    public async Task Truncating_drops_what_lies_before_a_rotation()
    {
        await using (var log = await OpenAsync(Durability.Sync))
        {
            await AppendAsync(log, 0, 5);
            var position = log.Rotate();
            await AppendAsync(log, 5, 7);
            log.Truncate(position);
        }

        Recovered(_folder.Path).ShouldBe(["5", "6"]);
    }

    [Fact]
    public async Task Who_appends_waits_for_the_disk_together()
    {
        await using var log = await OpenAsync(Durability.Sync);
        var slow = _disk.Slow = new TaskCompletionSource();
        var first = log.AcknowledgedAsync(log.Append(Key("first"), Delta("0")), Cancellation).AsTask();
        await UntilAsync(() => _disk.Synchronising > 0);
        var before = _disk.Synchronisations;
        var last = 0L;
        var waiting = Enumerable.Range(0, 64).Select(writer => log.AcknowledgedAsync(last = log.Append(Key($"{writer}"), Delta($"{writer}")), Cancellation).AsTask()).ToList();
        waiting.ShouldAllBe(static acknowledged => !acknowledged.IsCompleted);

        _disk.Slow = null;
        slow.SetResult();
        await Task.WhenAll(waiting);
        await first;

        // The one that the first waited for, and one for all who came meanwhile.
        (_disk.Synchronisations - before).ShouldBe(2);
        log.DurablePosition.ShouldBeGreaterThanOrEqualTo(last);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task No_acknowledged_write_is_lost_when_the_power_goes(int seed)
    {
        var random = new Random(seed);
        var acknowledged = new List<string>();
        var log = await OpenAsync(Durability.Sync);
        for (var i = 0; i < 50; i++)
        {
            var position = log.Append(Key($"{i}"), Delta($"{i}"));
            if (random.Next(4) != 0)
            {
                await log.AcknowledgedAsync(position, Cancellation);
                acknowledged = [.. Enumerable.Range(0, i + 1).Select(n => $"{n}")];
            }

            if (random.Next(8) == 0)
            {
                log.Rotate();
            }
        }

        // What the log still writes when it is closed is lost, but for what it has synchronised itself.
        _disk.CutPower();
        using var copy = new TemporaryFolder();
        foreach (var path in Directory.GetFiles(_folder.Path))
        {
            File.Copy(path, copy[Path.GetFileName(path)]);
        }

        await log.DisposeAsync();
        Recovered(copy.Path).Take(acknowledged.Count).ShouldBe(acknowledged);
    }

    [Fact]
    public async Task A_synchronisation_that_fails_is_not_asked_for_again_and_nothing_acknowledged_is_lost()
    {
        await using (var log = await OpenAsync(Durability.Sync))
        {
            await AppendAsync(log, 0, 3);
            _disk.FailingSynchronisations = 1;
            var failed = log.Append(Key("3"), Delta("3"));
            var exception = await Should.ThrowAsync<ProblemException>(async () => await log.AcknowledgedAsync(failed, Cancellation));
            exception.Problem.Slug.ShouldBe("state-unavailable");

            // The disk that failed has dropped the record; a new segment has it.
            await UntilAppendsAsync(log, "4");
            Directory.GetFiles(_folder.Path).Length.ShouldBe(2);
        }

        Recovered(_folder.Path).ShouldBe(["0", "1", "2", "3", "4"]);
    }

    [Fact]
    public async Task A_full_disk_refuses_writes_until_there_is_room()
    {
        await using (var log = await OpenAsync(Durability.Sync))
        {
            await AppendAsync(log, 0, 3);
            _disk.IsFull = true;
            var failed = log.Append(Key("3"), Delta("3"));
            (await Should.ThrowAsync<ProblemException>(async () => await log.AcknowledgedAsync(failed, Cancellation))).Problem.Slug.ShouldBe("storage-full");
            Should.Throw<ProblemException>(() => log.Append(Key("refused"), Delta("refused"))).Problem.Slug.ShouldBe("storage-full");
            _disk.IsFull = false;

            await UntilAppendsAsync(log, "4");
        }

        Recovered(_folder.Path).ShouldBe(["0", "1", "2", "3", "4"]);
    }

    [Fact]
    public async Task With_interval_durability_what_was_acknowledged_before_a_failure_is_written_after_it()
    {
        await using (var log = await OpenAsync(Durability.Interval))
        {
            _disk.FailingSynchronisations = 3;
            for (var i = 0; i < 3; i++)
            {
                await log.AcknowledgedAsync(log.Append(Key($"{i}"), Delta($"{i}")), Cancellation);
            }

            await UntilAppendsAsync(log, "3");
        }

        _disk.CutPower();
        // The last was appended again until it was taken.
        Recovered(_folder.Path).Distinct().ShouldBe(["0", "1", "2", "3"]);
    }

    [Fact]
    public async Task With_interval_durability_the_system_gets_what_is_appended_while_the_disk_is_busy()
    {
        await using var log = await OpenAsync(Durability.Interval);
        var slow = _disk.Slow = new TaskCompletionSource();
        try
        {
            log.Append(Key("0"), Delta("0"));
            await UntilAsync(() => _disk.Synchronising > 0);
            var position = log.Append(Key("1"), Delta("1"));

            // As after a kill of the process: what the files have.
            await UntilAsync(() => Recovered(_folder.Path).Count == 2);
            log.DurablePosition.ShouldBeLessThan(position);
        }
        finally
        {
            _disk.Slow = null;
            slow.SetResult();
        }

        await log.DurableAsync(log.Position, Cancellation);
    }

    [Fact]
    public async Task With_interval_durability_what_was_written_while_a_synchronisation_failed_is_not_lost()
    {
        await using (var log = await OpenAsync(Durability.Interval))
        {
            var slow = _disk.Slow = new TaskCompletionSource();
            log.Append(Key("0"), Delta("0"));
            await UntilAsync(() => _disk.Synchronising > 0);
            log.Append(Key("1"), Delta("1"));
            await UntilAsync(() => Recovered(_folder.Path).Count == 2);
            log.Rotate();
            log.Append(Key("2"), Delta("2"));
            (_disk.FailingSynchronisations, _disk.Slow) = (1, null);
            slow.SetResult();
            await UntilAppendsAsync(log, "3");
        }

        _disk.CutPower();
        Recovered(_folder.Path).Distinct().ShouldBe(["0", "1", "2", "3"]);
    }

    [Fact]
    public async Task More_than_the_disk_can_take_is_refused_and_not_gathered_without_bound()
    {
        var log = new WriteAheadLog(new WriteAheadLogOptions { Directory = _folder.Path, Durability = Durability.Interval, Interval = TimeSpan.FromMinutes(1), MaxBufferedBytes = 100_000 }, new HybridClock(TimeProvider.System), NullLogger.Instance);
        await using var owned = log;
        await log.OpenAsync(static _ => { }, Cancellation);
        var appended = 0;

        var exception = Should.Throw<ProblemException>(() =>
        {
            for (; ; appended++)
            {
                log.Append(Key($"{appended}"), Delta(new string('x', 1000)));
            }
        });

        exception.Problem.Slug.ShouldBe("state-overloaded");
        appended.ShouldBeInRange(50, 100);
        await log.DurableAsync(log.Position, Cancellation);
        log.Append(Key("later"), Delta("later"));
    }

    [Fact]
    public async Task A_clock_that_went_back_gives_no_reading_that_is_in_the_log()
    {
        var time = new ShiftedTime();
        var before = new HybridClock(time);
        HybridTimestamp last;
        await using (var log = new WriteAheadLog(Options(Durability.Sync), before, NullLogger.Instance))
        {
            await log.OpenAsync(static _ => { }, Cancellation);
            last = before.Now();
            await AppendAsync(log, 0, 1);
        }

        time.Advance(TimeSpan.FromMinutes(-10));
        var after = new HybridClock(time);
        await using var again = new WriteAheadLog(Options(Durability.Sync), after, NullLogger.Instance);
        await again.OpenAsync(static _ => { }, Cancellation);

        after.Now().ShouldBeGreaterThan(last);
    }

    private static string SegmentOf(string folder) => Directory.GetFiles(folder, LogFormat.SegmentPattern).Single();

    private static Records.StateRecord Delta(string text) => Put(text).Delta(null, new MutationContext(HybridTimestamp.At(1), new ReplicaId(1), 1));

    private static List<string?> Recovered(string folder)
    {
        var found = new List<string?>();
        new LogRecovery(folder, delta => found.Add(TextOf(delta.Record))).Read();
        return found;
    }

    private static async Task AppendAsync(WriteAheadLog log, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            await log.DurableAsync(log.Append(Key($"{i}"), Delta($"{i}")), Cancellation);
        }
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), deadline.Token);
        }
    }

    private static async Task UntilAppendsAsync(WriteAheadLog log, string text)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            try
            {
                await log.DurableAsync(log.Append(Key(text), Delta(text)), Cancellation);
                return;
            }
            catch (ProblemException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), deadline.Token);
            }
        }
    }

    private WriteAheadLogOptions Options(Durability durability, string? folder = null) => new() { Directory = folder ?? _folder.Path, Durability = durability };

    private async Task<WriteAheadLog> OpenAsync(Durability durability, string? folder = null)
    {
        var log = new WriteAheadLog(Options(durability, folder), new HybridClock(TimeProvider.System), NullLogger.Instance, _disk);
        await log.OpenAsync(static _ => { }, Cancellation);
        return log;
    }

    // Five records, each a batch of its own; the bytes of the file and where the last record begins.
    private async Task<(byte[] Whole, int LastBegins)> FiveAsync(bool marked)
    {
        int lastBegins;
        int end;
        await using (var log = await OpenAsync(Durability.Sync))
        {
            await AppendAsync(log, 0, 4);
            lastBegins = (int)log.Position + LogFormat.SegmentHeaderBytes;
            await AppendAsync(log, 4, 5);
            end = (int)log.Position + LogFormat.SegmentHeaderBytes;
            while (marked && log.DurablePosition + LogFormat.SegmentHeaderBytes < end + LogFormat.BatchHeaderBytes)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), Cancellation);
            }
        }

        var whole = await File.ReadAllBytesAsync(SegmentOf(_folder.Path), Cancellation);
        return (marked ? whole : whole[..end], lastBegins);
    }
}
