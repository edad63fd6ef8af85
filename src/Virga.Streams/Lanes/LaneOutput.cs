using Virga.Streams.Calls;
using Virga.Topics.Clients;

namespace Virga.Streams.Lanes;

/// <summary>Publishes what works led to. Where the output topic takes each answer once, an answer's number is its work's number and its place in the answer: whatever the function answers the next time, no other work's answer gets it.</summary>
/// <param name="publisher">To the output topic; null for a stream without one.</param>
/// <param name="isNumbered">Whether answers are numbered.</param>
/// <param name="figures">What was done.</param>
internal sealed class LaneOutput(ITopicPublisher? publisher, bool isNumbered, LaneFigures figures)
{
    /// <summary>Publishes the answers of a work; completes when all are durable.</summary>
    public Task PublishAsync(StreamWork work, IReadOnlyList<StreamResult> results, CancellationToken cancellation)
    {
        if (publisher is null || results.Count == 0)
        {
            return Task.CompletedTask;
        }

        if (results.Count == 1)
        {
            return PublishAsync(work, results[0], 0, cancellation);
        }

        var publishing = new Task[results.Count];
        for (var i = 0; i < publishing.Length; i++)
        {
            publishing[i] = PublishAsync(work, results[i], i, cancellation);
        }

        return Task.WhenAll(publishing);
    }

    private async Task PublishAsync(StreamWork work, StreamResult result, int place, CancellationToken cancellation)
    {
        await publisher!.PublishAsync(result.Outgoing(work.Key, isNumbered ? (work.Number * LaneLimits.Results) + place : null), cancellation);
        figures.CountPublished();
    }
}
