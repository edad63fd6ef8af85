using System.Diagnostics.Metrics;
using Virga.Triggers.Runs;

namespace Virga.Triggers;

/// <summary>The numbers of a node's triggers, each by its name. Counts begin again when a trigger is changed.</summary>
internal sealed class TriggerMetrics : IDisposable
{
    private readonly Meter _meter = new("Virga.Triggers");

    public TriggerMetrics(TriggerEngine engine)
    {
        _meter.CreateObservableCounter("virga.triggers.calls", () => Of(engine, static figures => figures.Calls), "{call}", "Calls of functions by triggers that have ended.");
        _meter.CreateObservableCounter("virga.triggers.handled", () => Of(engine, static figures => figures.Handled), "{message}", "Messages at which the function did not fail.");
        _meter.CreateObservableCounter("virga.triggers.failed", () => Of(engine, static figures => figures.Failures), "{message}", "Attempts at messages that have failed.");
        _meter.CreateObservableCounter("virga.triggers.rejected", () => Of(engine, static figures => figures.Rejections), "{call}", "Calls that were held back because the function could not be called.");
        _meter.CreateObservableCounter("virga.triggers.dead.letters", () => Of(engine, static figures => figures.DeadLetters), "{message}", "Messages that were given up.");
        _meter.CreateObservableUpDownCounter("virga.triggers.backlog", () => Of(engine, static figures => figures.Backlog), "{entry}", "Entries of the node's topics that a trigger has not acknowledged.");
        _meter.CreateObservableUpDownCounter("virga.triggers.in.flight", () => Of(engine, static figures => figures.InFlight), "{call}", "Calls of functions by triggers that run.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Of(TriggerEngine engine, Func<TriggerFigures, long> figure) =>
        engine.Figures().Select(each => new Measurement<long>(figure(each.Figures), new KeyValuePair<string, object?>("trigger", each.Name.ToString())));
}
