using Virga.Core.Names;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving.Links;

/// <summary>The options of producers and consumers, as nodes send them.</summary>
internal static class AttachmentCodec
{
    public static FrameWriter Write(FrameWriter writer, ProducerOptions options) => writer
        .Text(options.Name)
        .Flag(options.IsNameOfUser)
        .Number(options.Epoch)
        .Byte((byte)options.Access)
        .Number(options.TopicEpoch ?? -1)
        .Flag(options.IsPassing)
        .Pairs(options.Properties);

    public static ProducerOptions ReadProducer(ref FrameReader reader) => new()
    {
        Name = reader.Text(),
        IsNameOfUser = reader.Flag(),
        Epoch = reader.Number(),
        Access = (ProducerAccess)reader.Byte(),
        TopicEpoch = reader.Number() is >= 0 and var epoch ? epoch : null,
        IsPassing = reader.Flag(),
        Properties = reader.Pairs(),
    };

    public static FrameWriter Write(FrameWriter writer, ConsumerOptions options)
    {
        writer
            .Text(options.Subscription.Value)
            .Byte((byte)options.Type)
            .Text(options.Name)
            .Number(options.Priority)
            .Flag(options.IsDurable)
            .Message(options.Start)
            .Flag(options.StartInclusive)
            .Time(options.StartAt)
            .Flag(options.ReadCompacted)
            .Flag(options.KeySharing.AllowOutOfOrder)
            .Number(options.KeySharing.Ranges.Count);
        foreach (var (first, last) in options.KeySharing.Ranges)
        {
            writer.Number(first).Number(last);
        }

        return writer.Pairs(options.Properties).Pairs(options.SubscriptionProperties);
    }

    public static ConsumerOptions ReadConsumer(ref FrameReader reader)
    {
        var options = new ConsumerOptions
        {
            Subscription = ReadSubscription(ref reader),
            Type = (SubscriptionType)reader.Byte(),
            Name = reader.Text(),
            Priority = (int)reader.Number(),
            IsDurable = reader.Flag(),
            Start = reader.Message(),
            StartInclusive = reader.Flag(),
            StartAt = reader.Time(),
            ReadCompacted = reader.Flag(),
        };
        var allowsOutOfOrder = reader.Flag();
        var ranges = new List<(int First, int Last)>();
        for (var left = reader.Count(); left > 0; left--)
        {
            ranges.Add(((int)reader.Number(), (int)reader.Number()));
        }

        return options with
        {
            KeySharing = new KeySharing { AllowOutOfOrder = allowsOutOfOrder, Ranges = ranges },
            Properties = reader.Pairs(),
            SubscriptionProperties = reader.Pairs(),
        };
    }

    public static TopicName ReadTopic(ref FrameReader reader) => TopicName.TryParse(reader.Text(), Scope.Default, out var topic) ? topic : throw new InvalidDataException("No name of a topic.");

    public static SubscriptionName ReadSubscription(ref FrameReader reader) => SubscriptionName.TryParse(reader.Text(), out var name) ? name : throw new InvalidDataException("No name of a subscription.");
}
