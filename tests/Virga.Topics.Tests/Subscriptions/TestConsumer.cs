using System.Text;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>A client that remembers what it was told.</summary>
internal sealed class TestConsumer : IConsumerSink
{
    public Consumer Consumer { get; set; } = null!;

    public List<DeliveredEntry> Entries { get; } = [];

    public List<bool> Activity { get; } = [];

    public int Ends { get; private set; }

    public CloseReason? Closure { get; private set; }

    public int Deliveries { get; private set; }

    /// <summary>The payloads of the entries that were not batches.</summary>
    public List<string> Texts => Entries.ConvertAll(static entry => TextOf(entry));

    public IReadOnlyList<Position> Positions => Entries.ConvertAll(static entry => entry.Position);

    public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
    {
        Deliveries++;
        Entries.AddRange(entries);
    }

    public void ActiveChanged(bool isActive) => Activity.Add(isActive);

    public void EndReached() => Ends++;

    public void Closed(CloseReason reason) => Closure = reason;

    /// <summary>Acknowledges what it has, one by one, and forgets it.</summary>
    public void AcknowledgeAll()
    {
        Consumer.Acknowledge([.. Entries.Select(static entry => new BatchAck(entry.Position))]);
        Entries.Clear();
    }

    public void Acknowledge(int index) => Consumer.Acknowledge([new BatchAck(Entries[index].Position)]);

    public static string TextOf(in DeliveredEntry entry) =>
        MessageCodec.TryReadHeader(entry.Data, out var header) ? Encoding.UTF8.GetString(entry.Data[header.PayloadOffset..].Span) : "?";
}
