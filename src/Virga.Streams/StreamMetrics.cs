using System.Diagnostics.Metrics;

namespace Virga.Streams;

/// <summary>The numbers of a node's stream functions, each by its name. Counts begin again when a stream is changed or restarted.</summary>
internal sealed class StreamMetrics : IDisposable
{
    private readonly Meter _meter = new("Virga.Streams");

    public StreamMetrics(StreamEngine engine)
    {
        _meter.CreateObservableCounter("virga.streams.received", () => Of(engine, static stream => stream.Figures.Received), "{message}", "Messages that stream functions took from topics.");
        _meter.CreateObservableCounter("virga.streams.published", () => Of(engine, static stream => stream.Figures.Published), "{message}", "Answers that were published.");
        _meter.CreateObservableCounter("virga.streams.failed", () => Of(engine, static stream => stream.Figures.Failed), "{call}", "Calls that failed, each try.");
        _meter.CreateObservableCounter("virga.streams.dead.letters", () => Of(engine, static stream => stream.Figures.DeadLettered), "{message}", "Messages that were put aside for good.");
        _meter.CreateObservableCounter("virga.streams.late", () => Of(engine, static stream => stream.Figures.Late), "{message}", "Messages that came when their windows had closed.");
        _meter.CreateObservableUpDownCounter("virga.streams.backlog", () => Of(engine, static stream => stream.Lanes.Sum(static lane => lane.Backlog)), "{entry}", "Entries of the node's topics that a stream function has not acknowledged.");
        _meter.CreateObservableUpDownCounter("virga.streams.held", () => Of(engine, static stream => stream.Lanes.Sum(static lane => (long)lane.Held)), "{message}", "Messages in open windows.");
        _meter.CreateObservableUpDownCounter("virga.streams.in.flight", () => Of(engine, static stream => stream.Figures.InFlight), "{call}", "Calls of stream functions that run.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Of(StreamEngine engine, Func<RunningStream, long> figure) =>
        engine.Running.Select(stream => new Measurement<long>(figure(stream), new KeyValuePair<string, object?>("stream", stream.Stream.Name.ToString())));
}
