using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Index;

/// <summary>
/// Updates on their way to one node. One message is on the wire at a time; what comes meanwhile is merged by key and goes with the next, so that a slow
/// receiver gets fewer and larger messages and never a queue without end.
/// </summary>
internal sealed class UpdateOutbox(NodeName to, NodeTopic topic, INodeLink link, HybridClock clock, TimeProvider time, TimeSpan patience, Action<NodeName, IReadOnlyList<KeyUpdate>, Exception> failed)
{
    // A message is cut off after so many keys or bytes.
    private const int MostKeys = 1024;
    private const int MostBytes = 4 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<StateKey> _order = new();
    private readonly Dictionary<StateKey, (StateRecord Record, long Since, TimeSpan Age)> _waiting = [];
    private bool _sending;

    /// <summary>The work that goes on now; completed when nothing waits.</summary>
    public Task Work { get; private set; } = Task.CompletedTask;

    public void Add(in KeyUpdate update)
    {
        lock (_lock)
        {
            if (_waiting.TryGetValue(update.Key, out var known))
            {
                _waiting[update.Key] = known with { Record = known.Record.Merge(update.Record) };
            }
            else
            {
                _waiting[update.Key] = (update.Record, time.GetTimestamp(), update.Age);
                _order.Enqueue(update.Key);
            }

            if (!_sending)
            {
                _sending = true;
                Work = SendAsync();
            }
        }
    }

    private async Task SendAsync()
    {
        // What one caller adds in a loop goes in one message.
        await Task.Yield();
        while (Take() is { } batch)
        {
            try
            {
                using var deadline = new CancellationTokenSource(patience, time);
                await link.AskAsync(to, topic, IndexMessages.Updates(clock.Now(), batch), deadline.Token);
            }
            catch (Exception e)
            {
                // Whatever went wrong, here or there: it did not arrive, and who asked for it decides what follows.
                failed(to, batch, e);
            }
        }
    }

    private List<KeyUpdate>? Take()
    {
        lock (_lock)
        {
            if (_order.Count == 0)
            {
                _sending = false;
                return null;
            }

            var batch = new List<KeyUpdate>(Math.Min(MostKeys, _order.Count));
            for (var bytes = 0; batch.Count < MostKeys && bytes < MostBytes && _order.TryDequeue(out var key);)
            {
                _waiting.Remove(key, out var item);
                batch.Add(new KeyUpdate(key, item.Record, item.Age + time.GetElapsedTime(item.Since)));
                bytes += item.Record.MemoryBytes;
            }

            return batch;
        }
    }
}
