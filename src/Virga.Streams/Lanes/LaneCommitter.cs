using System.Threading.Channels;
using Virga.Topics.Subscriptions;

namespace Virga.Streams.Lanes;

/// <summary>Takes a lane's steps in their order: publishes what their works led to, and acknowledges each step when that is durable, many steps at once where they are ready together.</summary>
/// <param name="steps">The steps.</param>
/// <param name="output">Where answers go.</param>
/// <param name="acks">What of batches is acknowledged.</param>
/// <param name="acknowledge">Hands acknowledgements, and where the lane stands, to the subscription. Gets the permits and the bytes that are free again too.</param>
internal sealed class LaneCommitter(ChannelReader<LaneStep> steps, LaneOutput output, AckBook acks, Action<List<BatchAck>, LaneNote, int, long> acknowledge)
{
    // Publishing is pipelined this deep; the output topic acknowledges in its own time.
    private const int MaxPublishing = 1024;
    private readonly Queue<(LaneStep Step, Task Published)> _publishing = new();
    private readonly List<BatchAck> _batch = [];

    /// <summary>Goes on until there are no more steps, or one cannot be published.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            while (_publishing.Count < MaxPublishing && steps.TryRead(out var step))
            {
                _publishing.Enqueue((step, await PublishAsync(step, cancellation)));
                Acknowledge();
            }

            if (_publishing.TryPeek(out var oldest))
            {
                await oldest.Published;
                Acknowledge();
            }
            else if (!await steps.WaitToReadAsync(cancellation))
            {
                return;
            }
        }
    }

    // In the order of the works: that is the order in which the function's answers are published.
    private async ValueTask<Task> PublishAsync(LaneStep step, CancellationToken cancellation)
    {
        if (step.Works.Count == 1)
        {
            return output.PublishAsync(step.Works[0], await ResultAsync(step.Works[0], cancellation), cancellation);
        }

        var publishing = new List<Task>(step.Works.Count);
        foreach (var work in step.Works)
        {
            publishing.Add(output.PublishAsync(work, await ResultAsync(work, cancellation), cancellation));
        }

        return Task.WhenAll(publishing);
    }

    // While the oldest work is still with the function, what is published before it is acknowledged.
    private async ValueTask<IReadOnlyList<Calls.StreamResult>> ResultAsync(StreamWork work, CancellationToken cancellation)
    {
        while (!work.Done.IsCompleted && _publishing.TryPeek(out var oldest))
        {
            await Task.WhenAny(work.Done, oldest.Published).WaitAsync(cancellation);
            Acknowledge();
        }

        return await work.Done.WaitAsync(cancellation);
    }

    private void Acknowledge()
    {
        LaneNote? note = null;
        var (permits, bytes) = (0, 0L);
        while (_publishing.TryPeek(out var oldest) && oldest.Published.IsCompletedSuccessfully)
        {
            _publishing.Dequeue();
            note = oldest.Step.Note;
            foreach (var message in oldest.Step.Done)
            {
                permits += message.Permits;
                bytes += message.EntryBytes;
                acks.Add(message, _batch);
            }
        }

        if (note is { } stands)
        {
            acknowledge(_batch, stands, permits, bytes);
            _batch.Clear();
        }

        // One that failed ends the lane.
        if (_publishing.TryPeek(out var next) && next.Published.IsCompleted)
        {
            next.Published.GetAwaiter().GetResult();
        }
    }
}
