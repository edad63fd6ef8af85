using Virga.Topics.Clients.Producing;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>Keeps a publisher for each topic that messages are published to one by one, while that goes on.</summary>
internal sealed class SharedPublishers : IAsyncDisposable
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(2);

    private readonly TopicClient _client;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicName, Shared> _publishers = [];
    private bool _isClosed;

    public SharedPublishers(TopicClient client, TimeProvider time)
    {
        (_client, _time) = (client, time);
        _timer = time.CreateTimer(static self => ((SharedPublishers)self!).Sweep(), this, IdleTime, IdleTime);
    }

    public async ValueTask<MessageId> PublishAsync(TopicName topic, OutgoingMessage message, CancellationToken cancellation)
    {
        Shared shared;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (!_publishers.TryGetValue(topic, out shared!))
            {
                _publishers.Add(topic, shared = new Shared(OpenAsync(topic)));
            }

            shared.Users++;
        }

        try
        {
            // In the order in which they came, also those that wait for the publisher to be opened.
            ValueTask<MessageId> publishing;
            await shared.Turn.WaitAsync(cancellation);
            try
            {
                var publisher = await shared.Opening.WaitAsync(cancellation);
                if (publisher.IsTopicGone)
                {
                    // The name may stand for another topic now, with other partitions, or for none. What is still on its way through the old publisher nobody waits for here.
                    var (gone, opening) = (shared.Opening, OpenAsync(topic));
                    shared.Opening = opening;
                    _ = CloseAsync(gone);
                    publisher = await opening.WaitAsync(cancellation);
                }

                publishing = publisher.PublishAsync(message, cancellation);
            }
            finally
            {
                shared.Turn.Release();
            }

            return await publishing;
        }
        finally
        {
            lock (_gate)
            {
                shared.Users--;
                shared.UsedAt = _time.GetTimestamp();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Shared[] all;
        lock (_gate)
        {
            _isClosed = true;
            all = [.. _publishers.Values];
            _publishers.Clear();
        }

        await _timer.DisposeAsync();
        foreach (var shared in all)
        {
            await CloseAsync(shared.Opening);
        }
    }

    // Not for one caller only, so that none of them breaks it off.
    private async Task<TopicPublisher> OpenAsync(TopicName topic)
    {
        await Task.Yield();
        try
        {
            return await _client.OpenAsync(topic, new PublisherOptions { IsPassing = true }, CancellationToken.None);
        }
        catch
        {
            lock (_gate)
            {
                _publishers.Remove(topic);
            }

            throw;
        }
    }

    private void Sweep()
    {
        List<Shared> idle = [];
        lock (_gate)
        {
            foreach (var (topic, shared) in _publishers)
            {
                if (shared is { Users: 0, Opening.IsCompleted: true } && _time.GetElapsedTime(shared.UsedAt) > IdleTime)
                {
                    _publishers.Remove(topic);
                    idle.Add(shared);
                }
            }
        }

        // Nothing is on its way through them, so that closing one fails in nothing that anybody waits for.
        foreach (var shared in idle)
        {
            _ = CloseAsync(shared.Opening);
        }
    }

    private static async Task CloseAsync(Task<TopicPublisher> opening)
    {
        await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (opening.IsCompletedSuccessfully)
        {
            await (await opening).DisposeAsync();
        }
    }

    private sealed class Shared(Task<TopicPublisher> opening)
    {
        // Changed by whoever has the turn; read by others too.
        private volatile Task<TopicPublisher> _opening = opening;

        public Task<TopicPublisher> Opening
        {
            get => _opening;
            set => _opening = value;
        }

        /// <summary>Who has it begins to publish; the others begin after it.</summary>
        public SemaphoreSlim Turn { get; } = new(1);

        public int Users { get; set; }

        public long UsedAt { get; set; }
    }
}
