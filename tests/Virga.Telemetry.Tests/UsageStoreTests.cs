using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Tests;

public sealed class UsageStoreTests : IDisposable
{
    private readonly TestData _data = new();
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_failure_is_found_by_its_id_and_says_whose_it_was()
    {
        await using var store = Open();
        var record = _data.Record(TestData.Version(), Outcome.Timeout, KnownProblems.Timeout("It took 30 s."));
        store.Completed(record);
        store.Completed(_data.Record(TestData.Version()));

        var json = JsonDocument.Parse((await store.FindAsync(record.Id, _cancellation)).ShouldNotBeNull()).RootElement;
        json.GetProperty("outcome").GetString().ShouldBe("timeout");
        json.GetProperty("durationMs").GetDouble().ShouldBe(1.5);
        json.GetProperty("problem").GetProperty("fault").GetString().ShouldBe("limit");
        json.GetProperty("problem").GetProperty("detail").GetString().ShouldBe("It took 30 s.");
    }

    [Fact]
    public async Task Records_survive_a_restart_and_a_torn_last_line()
    {
        var record = _data.Record(TestData.Version());
        await using (var store = Open())
        {
            store.Completed(record);
        }

        await File.AppendAllTextAsync(Directory.EnumerateFiles(_data.Folder).Single(), "{\"id\":\"01", _cancellation);
        await using var again = Open();
        var later = _data.Record(TestData.Version());
        again.Completed(later);
        (await again.FindAsync(record.Id, _cancellation)).ShouldNotBeNull();
        (await again.FindAsync(later.Id, _cancellation)).ShouldNotBeNull();
        (await again.FindAsync(InvocationId.New(_data.Time), _cancellation)).ShouldBeNull();
    }

    [Fact]
    public async Task Recent_calls_come_newest_first_and_only_those_asked_for()
    {
        await using var store = Open();
        var (hello, other) = (TestData.Version(), TestData.Version("other"));
        List<InvocationId> ids = [];
        for (var i = 0; i < 10; i++)
        {
            var record = i % 3 == 0 ? _data.Record(hello, Outcome.Crashed, KnownProblems.Crashed("exit code 1")) : _data.Record(hello);
            ids.Add(record.Id);
            store.Completed(record);
            store.Completed(_data.Record(other));
            await store.FlushAsync();
            _data.Time.Advance(TimeSpan.FromMinutes(20));
        }

        ids.Reverse();
        (await Recent(store, hello.Name, new UsageQuery { Limit = 5 })).ShouldBe(ids.Take(5).Select(static id => id.ToString()));
        (await Recent(store, hello.Name, new UsageQuery { Outcome = Outcome.Crashed })).Count.ShouldBe(4);
        (await Recent(store, hello.Name, new UsageQuery { OnlyFailures = true, Limit = 2 })).ShouldBe([ids[0].ToString(), ids[3].ToString()]);
        (await Recent(store, hello.Name, new UsageQuery { Since = _data.Time.GetUtcNow() - TimeSpan.FromMinutes(65) })).Count.ShouldBe(3);
        Directory.EnumerateFiles(_data.Folder).Count().ShouldBe(4);
    }

    [Fact]
    public async Task Statistics_count_every_call_even_those_whose_record_found_no_room()
    {
        await using var store = Open(options => options with { QueueLength = 4 });
        var function = TestData.Version();
        for (var i = 0; i < 1000; i++)
        {
            store.Completed(_data.Record(function, milliseconds: i));
        }

        store.Completed(_data.Record(function, Outcome.FunctionError, KnownProblems.FunctionError("Error", "no", null)));
        var stats = await store.StatsAsync(function.Name, _cancellation);
        stats.Calls.ShouldBe(1001);
        stats.Errors.ShouldBe(1);
        stats.ByOutcome.ShouldBe(new Dictionary<string, long> { ["result"] = 1000, ["function-error"] = 1 });
        stats.Latency.P50.ShouldBe(500, 500 * LatencyHistogram.RelativeError);
        stats.Latency.Max.ShouldBe(999);
        stats.BytesOut.ShouldBe(20_020);
        (store.WrittenRecords + store.DroppedRecords).ShouldBe(1001);
    }

    [Fact]
    public async Task Calls_from_many_threads_are_each_counted_once()
    {
        await using var store = Open(options => options with { QueueLength = 64 });
        var function = TestData.Version();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                for (var i = 0; i < 5000; i++)
                {
                    store.Completed(_data.Record(function));
                }
            },
            _cancellation)));
        (await store.StatsAsync(function.Name, _cancellation)).Calls.ShouldBe(20_000);
        (store.WrittenRecords + store.DroppedRecords).ShouldBe(20_000);
    }

    [Fact]
    public async Task Failures_are_found_while_the_disk_cannot_be_written()
    {
        var obstacle = Path.Combine(_data.Folder, "usage");
        await File.WriteAllTextAsync(obstacle, "in the way", _cancellation);
        await using var store = Open(options => options with { Directory = obstacle });
        var record = _data.Record(TestData.Version(), Outcome.Rejected, KnownProblems.TooManyCalls("16 of 16 instances are busy."));
        store.Completed(record);
        (await store.FindAsync(record.Id, _cancellation)).ShouldNotBeNull();
        store.DroppedRecords.ShouldBe(1);

        File.Delete(obstacle);
        var kept = _data.Record(TestData.Version());
        store.Completed(kept);
        (await Recent(store, TestData.Version().Name, new UsageQuery())).Count.ShouldBe(2);
        (await store.FindAsync(kept.Id, _cancellation)).ShouldNotBeNull();
    }

    [Fact]
    public async Task The_oldest_records_go_when_there_are_too_many()
    {
        await using var store = Open(options => options with { SegmentBytes = 10_000, TotalBytes = 50_000 });
        var first = _data.Record(TestData.Version());
        store.Completed(first);
        for (var i = 0; i < 500; i++)
        {
            store.Completed(_data.Record(TestData.Version()));
            await store.FlushAsync();
        }

        (await store.FindAsync(first.Id, _cancellation)).ShouldBeNull();
        Directory.EnumerateFiles(_data.Folder).Sum(static path => new FileInfo(path).Length).ShouldBeLessThanOrEqualTo(50_000);
    }

    private UsageStore Open(Func<UsageOptions, UsageOptions>? change = null)
    {
        var options = new UsageOptions { Directory = _data.Folder };
        return new UsageStore(change?.Invoke(options) ?? options, _data.Time, NullLogger<UsageStore>.Instance);
    }

    private async Task<List<string>> Recent(UsageStore store, FunctionName function, UsageQuery query) =>
        [.. (await store.RecentAsync(function, query, _cancellation)).Select(static record => JsonDocument.Parse(record).RootElement.GetProperty("id").GetString()!)];
}
