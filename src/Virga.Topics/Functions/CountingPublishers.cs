using Virga.Core.Problems;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Functions;

/// <summary>Publishers of those who number their messages: one for each name and topic, kept while they are used.</summary>
internal sealed class CountingPublishers(TopicClient topics) : IAsyncDisposable
{
    /// <summary>So many are kept; beyond it the one that was not used for the longest time goes.</summary>
    private const int MaxKept = 256;

    // Guards all below; held for a few instructions.
    private readonly Lock _gate = new();
    private readonly Dictionary<(TopicName Topic, string Name), LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new();
    private bool _isClosed;

    /// <summary>Publishes a numbered message under a name.</summary>
    public async ValueTask<MessageId> PublishAsync(TopicName topic, string name, OutgoingMessage message, CancellationToken cancellation)
    {
        var (entry, surplus) = Use(topic, name);

        // Begun before anything is waited for: numbers that come out of their order are taken for repeated ones.
        var publishing = PublishAsync(entry, message, cancellation);
        if (surplus is not null)
        {
            await CloseAsync(surplus);
        }

        return await publishing;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Entry[] left;
        lock (_gate)
        {
            _isClosed = true;
            left = [.. _byUse];
            _byUse.Clear();
            _entries.Clear();
        }

        foreach (var entry in left)
        {
            await CloseAsync(entry);
        }
    }

    private async Task<MessageId> PublishAsync(Entry entry, OutgoingMessage message, CancellationToken cancellation)
    {
        try
        {
            ValueTask<MessageId> pending;
            await entry.Turn.WaitAsync(cancellation);
            try
            {
                pending = (await entry.Publisher.Value).PublishAsync(message, cancellation);
            }
            finally
            {
                entry.Turn.Release();
            }

            return await pending;
        }
        catch (ProblemException)
        {
            // It may be of no more use: fenced, or its topic deleted. The next message opens another.
            await RemoveAsync(entry);
            throw;
        }
    }

    private (Entry Used, Entry? Surplus) Use(TopicName topic, string name)
    {
        Entry? surplus = null;
        LinkedListNode<Entry>? node;
        lock (_gate)
        {
            if (_isClosed)
            {
                throw new ProblemException(KnownProblems.Unavailable("The node is shutting down.", "Try another node, or again when it is back."));
            }

            if (_entries.TryGetValue((topic, name), out node))
            {
                _byUse.Remove(node);
                _byUse.AddLast(node);
            }
            else
            {
                node = _byUse.AddLast(new Entry(topic, name, topics));
                _entries.Add((topic, name), node);
                if (_entries.Count > MaxKept)
                {
                    surplus = _byUse.First!.Value;
                    _byUse.RemoveFirst();
                    _entries.Remove((surplus.Topic, surplus.Name));
                }
            }
        }

        return (node.Value, surplus);
    }

    private async ValueTask RemoveAsync(Entry entry)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue((entry.Topic, entry.Name), out var node) || node.Value != entry)
            {
                return;
            }

            _byUse.Remove(node);
            _entries.Remove((entry.Topic, entry.Name));
        }

        await CloseAsync(entry);
    }

    private static async Task CloseAsync(Entry entry)
    {
        if (!entry.Publisher.IsValueCreated)
        {
            return;
        }

        try
        {
            await (await entry.Publisher.Value).DisposeAsync();
        }
        catch (ProblemException)
        {
            // It was never opened, and who wanted to publish has been told.
        }
    }

    private sealed class Entry(TopicName topic, string name, TopicClient topics)
    {
        public TopicName Topic => topic;

        public string Name => name;

        public Lazy<Task<ITopicPublisher>> Publisher { get; } = new(() => topics.PublisherAsync(topic, new PublisherOptions { Name = name }, CancellationToken.None).AsTask());

        /// <summary>Who has it begins to publish; the others begin after it, in the order in which they came.</summary>
        public SemaphoreSlim Turn { get; } = new(1);
    }
}
