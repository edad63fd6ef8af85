using System.Text;
using System.Threading.Channels;
using Virga.Core.Names;
using Virga.Pulsar.Clients;
using Virga.Pulsar.Lookups;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Replication;
using Virga.Topics.Subscriptions;

namespace Virga.Pulsar.Replication;

/// <summary>
/// Sends a topic's entries to another cluster for as long as nothing fails: those that are to go there, in their order, each acknowledged when the other cluster has it. The next session begins with the first that
/// is not; what the other cluster has all the same it knows by its place here.
/// </summary>
internal sealed class ReplicationSession(Topic topic, string own, RemoteCluster remote, BrokerClient client) : IConsumerSink, IBrokerProducerSink
{
    private readonly Channel<DeliveredEntry> _entries = Channel.CreateUnbounded<DeliveredEntry>(new UnboundedChannelOptions { SingleReader = true });
    private readonly byte[] _remoteName = Encoding.UTF8.GetBytes(remote.Name);

    // Guards what follows; held for counting.
    private readonly Lock _gate = new();
    private readonly Queue<UnderWay> _underWay = new();
    private readonly ReplicationWindow _window = new();
    private Consumer? _consumer;
    private long _sequence;
    private int _hasProgressed;

    /// <summary>Whether the other cluster has taken anything.</summary>
    public bool HasProgressed => Volatile.Read(ref _hasProgressed) != 0;

    /// <summary>Runs until something fails, which it throws, or the topic leaves this node's memory, when it returns.</summary>
    /// <param name="partitions">How many partitions the topic has, as a whole.</param>
    /// <param name="connected">Called when entries begin to go.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(int partitions, Action connected, CancellationToken cancellation)
    {
        var there = await client.EnsureAsync(NameOf(topic.Name.Whole), partitions, cancellation);
        if ((there == 0) != (partitions == 0) || there < partitions)
        {
            throw new BrokerException($"{topic.Name.Whole} has {partitions} partitions here and {there} there.");
        }

        var producer = await client.ProduceAsync(NameOf(topic.Name), ReplicationCursor.NameOf(own), this, cancellation);
        try
        {
            _consumer = await topic.Replication.AttachAsync(remote.Name, this, cancellation);
            connected();
            Ask();
            await PumpAsync(producer, cancellation);
        }
        finally
        {
            producer.Close();
            _consumer?.Detach();
        }
    }

    /// <inheritdoc/>
    void IConsumerSink.Deliver(ReadOnlySpan<DeliveredEntry> entries)
    {
        foreach (ref readonly var entry in entries)
        {
            lock (_gate)
            {
                _window.Came(entry.Messages, entry.Data.Length);
            }

            _entries.Writer.TryWrite(entry);
        }
    }

    /// <inheritdoc/>
    void IConsumerSink.ActiveChanged(bool isActive)
    {
        // It is the only one.
    }

    /// <inheritdoc/>
    void IConsumerSink.EndReached()
    {
        // Nothing comes any more; what is under way arrives.
    }

    /// <inheritdoc/>
    void IConsumerSink.Closed(CloseReason reason) => _entries.Writer.TryComplete();

    /// <inheritdoc/>
    void IBrokerProducerSink.Received(long sequence)
    {
        Volatile.Write(ref _hasProgressed, 1);
        Arrived(sequence);
    }

    /// <inheritdoc/>
    void IBrokerProducerSink.Ended(string reason) => _entries.Writer.TryComplete(new BrokerException(reason));

    private async Task PumpAsync(BrokerProducer producer, CancellationToken cancellation)
    {
        var schemas = new ReplicatedSchemas(topic, producer);
        var reader = _entries.Reader;
        while (await reader.WaitToReadAsync(cancellation))
        {
            while (reader.TryRead(out var entry))
            {
                if (EntryOrigin.GoesTo(entry.Data.Span, _remoteName))
                {
                    var version = await schemas.VersionOfAsync(entry.Data, cancellation);
                    var marked = EntryOrigin.Mark(entry.Data.Span, own, new EntrySource(topic.Replication.Incarnation, entry.Position), version.Span);
                    producer.Send(Begin(entry, marked.Length), entry.Messages, marked);
                }
                else
                {
                    PassOver(entry);
                }
            }
        }

        // What a failure has completed the channel with.
        await reader.Completion;
    }

    private long Begin(in DeliveredEntry entry, int bytes)
    {
        lock (_gate)
        {
            _underWay.Enqueue(new UnderWay(entry.Position, ++_sequence, entry.Messages, bytes));
            return _sequence;
        }
    }

    private void PassOver(in DeliveredEntry entry)
    {
        lock (_gate)
        {
            _underWay.Enqueue(new UnderWay(entry.Position, -1, entry.Messages, 0));
        }

        Arrived(0);
    }

    // Acknowledges what has arrived, and what does not go there and has no entry before it any more that is under way.
    private void Arrived(long sequence)
    {
        var last = Position.Earliest;
        int messages = 0, counted = 0, bytes = 0;
        lock (_gate)
        {
            while (_underWay.TryPeek(out var first) && first.Sequence <= sequence)
            {
                _underWay.Dequeue();
                _window.Arrived(first.Messages);
                last = first.Position;
                messages += first.Messages;
                counted += first.Sequence < 0 ? 0 : first.Messages;
                bytes += first.Bytes;
            }
        }

        if (messages > 0)
        {
            topic.Replication.Count(remote.Name, counted, bytes);
            _consumer!.AcknowledgeUpTo(new BatchAck(last));
            Ask();
        }
    }

    private void Ask()
    {
        int granted;
        lock (_gate)
        {
            granted = _window.Grant();
        }

        if (granted > 0)
        {
            _consumer!.Permit(granted);
        }
    }

    // Other clusters call the tenant as Pulsar's clients do.
    private static string NameOf(TopicName name) => ClientNames.For(name.Tenant == ResourceName.Default.Value ? "public" : name.Tenant, name);
}
