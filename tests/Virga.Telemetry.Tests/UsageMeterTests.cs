using FsCheck;
using FsCheck.Fluent;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Telemetry.Metering;
using Outcome = Virga.Core.Invocations.Outcome;

namespace Virga.Telemetry.Tests;

public sealed class UsageMeterTests : IDisposable
{
    private readonly TestData _data = new();
    private readonly FunctionVersion _hello = TestData.Version();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Each_call_is_counted_by_its_outcome_and_its_duration_rounded_up_to_a_millisecond()
    {
        using var meter = new MeterFolder(_data, "a").Open();
        meter.Completed(_data.Record(_hello, milliseconds: 1.0001));
        meter.Completed(_data.Record(_hello, milliseconds: 2));
        meter.Completed(_data.Record(_hello, Outcome.Timeout, KnownProblems.Timeout("late"), milliseconds: 0.01));
        meter.Completed(_data.Record(_hello, Outcome.Rejected, KnownProblems.TooManyCalls("busy"), milliseconds: 0));
        meter.Completed(_data.Record(_hello, Outcome.Cancelled, KnownProblems.ClientGone(), milliseconds: 3));

        var row = MeterFolder.Report(meter, _data).Rows.ShouldHaveSingleItem();

        row.Function.ShouldBe("hello");
        row.Usage.ShouldBe(new UsageAmounts
        {
            Ok = 2,
            Errors = 1,
            Rejected = 1,
            Cancelled = 1,
            DurationMs = 2 + 2 + 1 + 0 + 3,
            CpuMicroseconds = 5000,
            BytesIn = 50,
            BytesOut = 100,
        });
        row.Usage.Calls.ShouldBe(5);
        row.Cost.ShouldBeNull();
    }

    [Fact]
    public void Memory_is_counted_by_tier_in_byte_seconds()
    {
        using var meter = new MeterFolder(_data, "a").Open();
        meter.Resident(_hello, InstanceTier.Warm, TimeSpan.FromSeconds(1.5), 1000);
        meter.Resident(_hello, InstanceTier.Warm, TimeSpan.FromSeconds(1), 40L << 30);
        meter.Resident(_hello, InstanceTier.Frozen, TimeSpan.FromMilliseconds(1), 2000);
        meter.Resident(_hello, InstanceTier.Snapshot, TimeSpan.FromDays(7), 1L << 40);

        var usage = MeterFolder.Report(meter, _data).Total.Usage;

        usage.Calls.ShouldBe(0);
        usage.WarmByteSeconds.ShouldBe(1500 + (40L << 30));
        usage.FrozenByteSeconds.ShouldBe(2);
        usage.SnapshotByteSeconds.ShouldBe(604_800m * (1L << 40));
    }

    [Fact]
    public void Usage_is_grouped_by_function_version_hour_and_tenant()
    {
        using var meter = new MeterFolder(_data, "a").Open();
        meter.Completed(_data.Record(_hello));
        meter.Completed(_data.Record(TestData.Version("other")));
        var first = _data.Time.GetUtcNow();
        _data.Time.Advance(TimeSpan.FromMinutes(60));
        meter.Completed(_data.Record(_hello));

        Calls(UsageGrouping.Function, row => row.Function).ShouldBe([("hello", 2), ("other", 1)]);
        Calls(UsageGrouping.Version, row => $"{row.Function}:{row.Version}").ShouldBe([("hello:3", 2), ("other:3", 1)]);
        Calls(UsageGrouping.Hour, row => row.Hour).ShouldBe([(first, 2), (first.AddHours(1), 1)]);
        Calls(UsageGrouping.Tenant, row => row.Tenant).ShouldBe([("default", 3)]);
        MeterFolder.Report(meter, _data, function: _hello.Name.Name).Total.Usage.Calls.ShouldBe(2);

        List<(T Key, long Calls)> Calls<T>(UsageGrouping by, Func<UsageReportRow, T> key) =>
            [.. MeterFolder.Report(meter, _data, by).Rows.Select(row => (key(row), row.Usage.Calls))];
    }

    [Fact]
    public void A_report_counts_the_hours_between_its_bounds()
    {
        using var meter = new MeterFolder(_data, "a").Open();
        for (var hour = 0; hour < 5; hour++)
        {
            meter.Completed(_data.Record(_hello));
            _data.Time.Advance(TimeSpan.FromHours(1));
        }

        var start = _data.Time.GetUtcNow() - TimeSpan.FromHours(5);
        var report = meter.Report(new UsageReportQuery { Since = start.AddMinutes(90), Until = start.AddMinutes(121) });

        report.Since.ShouldBe(start.AddHours(1));
        report.Until.ShouldBe(start.AddHours(3));
        report.Total.Usage.Calls.ShouldBe(2);
    }

    [Fact]
    public void What_was_counted_survives_a_kill_at_once_and_is_counted_once_however_often_that_happens()
    {
        var folder = new MeterFolder(_data, "a");
        using var meter = folder.Open();
        for (var calls = 1; calls <= 5; calls++)
        {
            meter.Completed(_data.Record(_hello));
            using var killed = folder.CopyTo("killed");
            for (var starts = 0; starts < 3; starts++)
            {
                using var again = killed.Open();
                MeterFolder.Report(again, _data).Total.Usage.Calls.ShouldBe(calls);
            }
        }
    }

    [Fact]
    public void A_kill_between_the_write_of_the_hours_and_the_release_of_the_journal_counts_nothing_twice()
    {
        var folder = new MeterFolder(_data, "a");
        using var meter = folder.Open();
        meter.Completed(_data.Record(_hello));
        meter.Completed(_data.Record(_hello));
        using var killed = folder.CopyTo("killed");
        meter.Fold();
        folder.CopyFilesTo(killed, "hours.db*");

        using var again = killed.Open();
        again.Completed(_data.Record(_hello));

        MeterFolder.Report(again, _data).Total.Usage.Calls.ShouldBe(3);
    }

    [Fact]
    public void A_journal_that_a_power_cut_set_back_takes_new_entries_that_survive_a_kill()
    {
        var folder = new MeterFolder(_data, "a");
        using var meter = folder.Open();
        meter.Completed(_data.Record(_hello));
        meter.Fold();
        using var old = folder.CopyTo("old");
        for (var i = 0; i < 5; i++)
        {
            meter.Completed(_data.Record(_hello));
        }

        meter.Fold();
        folder.CopyFilesTo(old, "hours.db*");
        using (var journal = File.OpenWrite(old.Journal))
        {
            journal.Position = MeterFolder.BootOffset;
            journal.Write(new byte[16]);
        }

        using var again = old.Open();
        again.Completed(_data.Record(_hello));
        using var killed = old.CopyTo("killed");
        using var last = killed.Open();

        MeterFolder.Report(last, _data).Total.Usage.Calls.ShouldBe(7);
    }

    [Fact]
    public void Whatever_order_calls_folds_kills_and_restarts_come_in_every_call_is_counted_once() => Prop.ForAll(
        Gen.Choose(0, 9).ArrayOf().ToArbitrary(),
        steps =>
        {
            var (expected, folders, waiting) = (0L, 0, 0);
            var folder = new MeterFolder(_data, Guid.NewGuid().ToString("n"));
            var meter = folder.Open();
            foreach (var step in steps)
            {
                switch (step)
                {
                    case < 6:
                        // Only what the journal has a place for survives a kill.
                        if (waiting++ == MeterFolder.JournalEntries)
                        {
                            meter.Fold();
                            waiting = 1;
                        }

                        meter.Completed(_data.Record(_hello));
                        expected++;
                        break;
                    case 6:
                        meter.Fold();
                        waiting = 0;
                        break;
                    case 7:
                        meter.Dispose();
                        meter = folder.Open();
                        waiting = 0;
                        break;
                    default:
                        var killed = folder.CopyTo($"{Path.GetFileName(folder.Path)}-{folders++}");
                        meter.Dispose();
                        folder.Dispose();
                        (folder, meter, waiting) = (killed, killed.Open(), 0);
                        break;
                }
            }

            var counted = MeterFolder.Report(meter, _data).Total.Usage.Calls;
            meter.Dispose();
            folder.Dispose();
            return counted == expected;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));

    [Fact]
    public void What_finds_no_place_in_the_journal_is_counted_all_the_same()
    {
        using var meter = new MeterFolder(_data, "a").Open();
        for (var i = 0; i < 3 * MeterFolder.JournalEntries; i++)
        {
            meter.Completed(_data.Record(_hello));
        }

        meter.OverflowedEntries.ShouldBe(2 * MeterFolder.JournalEntries);
        MeterFolder.Report(meter, _data).Total.Usage.Calls.ShouldBe(3 * MeterFolder.JournalEntries);
        meter.Completed(_data.Record(_hello));
        meter.OverflowedEntries.ShouldBe(2 * MeterFolder.JournalEntries);
    }

    [Fact]
    public async Task Calls_of_many_threads_are_each_counted_once_while_the_journal_is_folded()
    {
        using var meter = new MeterFolder(_data, "a").Open(options => options with { JournalEntries = 256 });
        var calls = Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 5000; i++)
            {
                meter.Completed(_data.Record(thread % 2 == 0 ? _hello : TestData.Version("other")));
            }
        }));
        var all = Task.WhenAll(calls);
        while (!all.IsCompleted)
        {
            meter.Fold();
        }

        await all;
        MeterFolder.Report(meter, _data).Rows.Select(row => (row.Function, row.Usage.Calls)).ShouldBe([("hello", 10_000), ("other", 10_000)]);
    }

    [Fact]
    public void While_the_disk_cannot_be_written_usage_is_kept_and_no_report_is_given_that_lacks_it()
    {
        var obstacle = Path.Combine(_data.Folder, "a");
        File.WriteAllText(obstacle, "in the way");
        using var meter = new MeterFolder(_data, "a").Open();
        meter.Completed(_data.Record(_hello));
        Should.Throw<ProblemException>(() => MeterFolder.Report(meter, _data)).Problem.Slug.ShouldBe("unavailable");

        File.Delete(obstacle);
        meter.Completed(_data.Record(_hello));
        MeterFolder.Report(meter, _data).Total.Usage.Calls.ShouldBe(2);
    }

    [Fact]
    public void Damaged_hours_are_set_aside_and_counting_goes_on()
    {
        var folder = new MeterFolder(_data, "a");
        Directory.CreateDirectory(folder.Path);
        File.WriteAllText(Path.Combine(folder.Path, "hours.db"), new string('x', 10_000));
        using var meter = folder.Open();
        meter.Completed(_data.Record(_hello));

        MeterFolder.Report(meter, _data).Total.Usage.Calls.ShouldBe(1);
        Directory.EnumerateFiles(folder.Path, "hours.db.damaged-*").ShouldHaveSingleItem();
    }

    [Fact]
    public void Hours_are_forgotten_after_their_time()
    {
        using var meter = new MeterFolder(_data, "a").Open();
        meter.Completed(_data.Record(_hello));
        meter.Fold();
        _data.Time.Advance(TimeSpan.FromDays(399));
        meter.Completed(_data.Record(_hello));
        MeterFolder.Report(meter, _data).Total.Usage.Calls.ShouldBe(2);
        _data.Time.Advance(TimeSpan.FromDays(2));
        meter.Completed(_data.Record(_hello));
        MeterFolder.Report(meter, _data).Total.Usage.Calls.ShouldBe(2);
    }

    [Fact]
    public void A_clock_that_jumps_ahead_for_some_hours_has_nothing_forgotten()
    {
        using var meter = new MeterFolder(_data, "a").Open();
        meter.Completed(_data.Record(_hello));
        meter.Fold();
        var start = _data.Time.GetUtcNow();
        _data.Time.Advance(TimeSpan.FromDays(3650));
        for (var hour = 0; hour < 10; hour++)
        {
            _data.Time.Advance(TimeSpan.FromHours(1));
            meter.Completed(_data.Record(_hello));
            meter.Fold();
        }

        meter.Report(new UsageReportQuery { Since = start, Until = start.AddDays(4000) }).Total.Usage.Calls.ShouldBe(11);
    }

    [Fact]
    public void Only_the_node_s_user_can_read_what_was_used()
    {
        var folder = new MeterFolder(_data, "a");
        const UnixFileMode Everybody = (UnixFileMode)0b111_101_101;
        Directory.CreateDirectory(folder.Path, Everybody);
        using var meter = folder.Open();
        meter.Completed(_data.Record(_hello));
        meter.Fold();

        File.GetUnixFileMode(folder.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var files = Directory.GetFiles(folder.Path);
        files.Select(Path.GetFileName).ShouldBe(["journal", "hours.db", "hours.db-wal", "hours.db-shm"], ignoreOrder: true);
        files.ShouldAllBe(file => File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public void The_oldest_days_go_when_the_hours_take_too_much_room()
    {
        using var meter = new MeterFolder(_data, "a").Open(options => options with { JournalEntries = 1024, MaxBytes = 100_000 });
        for (var day = 0; day < 20; day++)
        {
            for (var i = 0; i < 200; i++)
            {
                meter.Completed(_data.Record(TestData.Version($"f{i}")));
            }

            meter.Fold();
            _data.Time.Advance(TimeSpan.FromDays(1));
        }

        MeterFolder.Report(meter, _data, UsageGrouping.Hour).Rows.Count.ShouldBeInRange(2, 10);
    }
}
