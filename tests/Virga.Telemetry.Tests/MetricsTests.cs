using System.Diagnostics.Metrics;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Telemetry.Metrics;

namespace Virga.Telemetry.Tests;

public sealed class MetricsTests : IAsyncLifetime
{
    private readonly TestData _data = new();
    private readonly Meter _meter = new("Virga.Test");
    private TelemetryNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TelemetryNode.StartAsync(_data);

    public async ValueTask DisposeAsync()
    {
        _meter.Dispose();
        await _node.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task Calls_are_counted_by_function_and_outcome_and_their_durations_fall_in_buckets()
    {
        _node.Observer.Completed(_data.Record(TestData.Version()));
        _node.Observer.Completed(_data.Record(TestData.Version(), milliseconds: 20));
        _node.Observer.Completed(_data.Record(TestData.Version(), Outcome.Timeout, KnownProblems.Timeout("late"), milliseconds: 60_000));

        var metrics = await ScrapeAsync();
        metrics["""virga_invocations_total{function="default/default/hello",outcome="result"}"""].ShouldBe(2);
        metrics["""virga_invocations_total{function="default/default/hello",outcome="timeout"}"""].ShouldBe(1);
        metrics["""virga_invocation_duration_seconds_bucket{function="default/default/hello",le="0.001"}"""].ShouldBe(0);
        metrics["""virga_invocation_duration_seconds_bucket{function="default/default/hello",le="0.0025"}"""].ShouldBe(1);
        metrics["""virga_invocation_duration_seconds_bucket{function="default/default/hello",le="30"}"""].ShouldBe(2);
        metrics["""virga_invocation_duration_seconds_bucket{function="default/default/hello",le="+Inf"}"""].ShouldBe(3);
        metrics["""virga_invocation_duration_seconds_sum{function="default/default/hello"}"""].ShouldBe(60.0215, 1e-9);
        metrics["process_resident_memory_bytes"].ShouldBeGreaterThan(1e6);
    }

    [Fact]
    public async Task Instruments_of_every_kind_are_shown_with_their_labels_escaped()
    {
        var counter = _meter.CreateCounter<long>("virga.test.calls", description: "Calls\\of\nall kinds");
        var level = _meter.CreateUpDownCounter<int>("virga.test.level");
        var size = _meter.CreateHistogram("virga.test.size", "By", advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [10, 100] });
        _meter.CreateObservableGauge("virga.test.idle", static () => 7);
        _meter.CreateObservableCounter("virga.test.seen", static () => 5L);
        counter.Add(2, new KeyValuePair<string, object?>("path.name", "a\"b\\c\nd"));
        counter.Add(1, new KeyValuePair<string, object?>("path.name", "a\"b\\c\nd"));
        level.Add(3);
        level.Add(-1);
        size.Record(10);
        size.Record(1000);

        await ScrapeAsync();
        var metrics = await ScrapeAsync();
        metrics["""virga_test_calls_total{path_name="a\"b\\c\nd"}"""].ShouldBe(3);
        metrics["virga_test_level"].ShouldBe(2);
        metrics["virga_test_idle"].ShouldBe(7);
        metrics["virga_test_seen_total"].ShouldBe(5);
        metrics["""virga_test_size_bytes_bucket{le="10"}"""].ShouldBe(1);
        metrics["""virga_test_size_bytes_bucket{le="+Inf"}"""].ShouldBe(2);
        metrics["virga_test_size_bytes_sum"].ShouldBe(1010);
    }

    [Fact]
    public async Task Too_many_labels_share_one_series()
    {
        var counter = _meter.CreateCounter<long>("virga.test.many");
        for (var i = 0; i < MetricFamily.MaxSeries + 500; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("key", i));
        }

        var metrics = await ScrapeAsync();
        metrics["""virga_test_many_total{key="other"}"""].ShouldBe(500);
        metrics.Count("virga_test_many_total").ShouldBe(MetricFamily.MaxSeries + 1);
    }

    [Fact]
    public async Task A_series_that_its_instrument_does_not_tell_any_more_is_gone()
    {
        HashSet<string> there = ["a", "b"];
        _meter.CreateObservableUpDownCounter("virga.test.backlog", () => there.Select(static name => new Measurement<long>(7, new KeyValuePair<string, object?>("name", name))));
        (await ScrapeAsync())["""virga_test_backlog{name="b"}"""].ShouldBe(7);

        there.Remove("b");
        var metrics = await ScrapeAsync();
        metrics["""virga_test_backlog{name="a"}"""].ShouldBe(7);
        metrics.Count("virga_test_backlog").ShouldBe(1);
    }

    private async Task<PrometheusText> ScrapeAsync() =>
        new(await _node.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken));
}
