using Virga.Core.Problems;
using Virga.Pulsar.Protocol;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Pulsar.Commands;

/// <summary>What SUBSCRIBE says of a consumer.</summary>
internal static class SubscribeOptions
{
    private const int MostKeySlot = 65_535;
    private const int FromEarliest = 1;
    private const int Sticky = 1;

    /// <summary>Why it cannot be; null when it can.</summary>
    public static Problem? Refusal(CommandSubscribe command, TopicName topic)
    {
        if (!SubscriptionName.TryParse(command.Subscription, out _))
        {
            return KnownProblems.InvalidRequest($"The subscription's name is not valid: it has 1 to {SubscriptionName.MaxLength} characters without control characters.");
        }

        if (command.SubType is < (int)SubscriptionType.Exclusive or > (int)SubscriptionType.KeyShared)
        {
            return KnownProblems.InvalidRequest($"There is no subscription type {command.SubType}.", "Use 0 for exclusive, 1 for shared, 2 for failover or 3 for key_shared.");
        }

        var isOne = command.SubType is (int)SubscriptionType.Exclusive or (int)SubscriptionType.Failover;
        if (command.ReadCompacted && (!topic.IsPersistent || !isOne))
        {
            return KnownProblems.InvalidRequest("Only exclusive and failover subscriptions of persistent topics read the compacted topic.");
        }

        foreach (var range in command.KeySharedMeta?.HashRanges ?? [])
        {
            if (range.Start < 0 || range.End > MostKeySlot || range.Start > range.End)
            {
                return KnownProblems.InvalidRequest($"The key range {range.Start} to {range.End} is none: ranges lie in 0 to {MostKeySlot}.");
            }
        }

        return null;
    }

    /// <summary>As the broker has it, where <see cref="Refusal"/> has none.</summary>
    public static ConsumerOptions Of(CommandSubscribe command, DateTimeOffset now)
    {
        var (start, isInclusive) = Start(command);
        return new ConsumerOptions
        {
            Subscription = SubscriptionName.Parse(command.Subscription),
            Type = (SubscriptionType)command.SubType,
            Name = command.ConsumerName,
            Priority = command.PriorityLevel,
            IsDurable = command.Durable,
            Start = start,
            StartInclusive = isInclusive,
            StartAt = command.StartMessageRollbackDurationSec > 0 ? Before(now, command.StartMessageRollbackDurationSec) : null,
            ReadCompacted = command.ReadCompacted,
            KeySharing = Keys(command.KeySharedMeta),
            Properties = Pairs.Read(command.Metadata),
            SubscriptionProperties = Pairs.Read(command.SubscriptionProperties),
        };
    }

    // A reader says where it begins, and passes over by itself what of that entry it does not want: the entry is delivered in any case, as it may be a batch that was read in part.
    private static (MessageId Start, bool IsInclusive) Start(CommandSubscribe command)
    {
        if (command.Durable || command.StartMessageId is not { } id)
        {
            return (new MessageId(command.InitialPosition == FromEarliest ? Position.Earliest : Position.Latest), false);
        }

        var position = new Position((long)id.LedgerId, (long)id.EntryId);
        var isPlace = position.Ledger >= 0 && position.Entry >= 0 && position != Position.Latest;
        return (new MessageId(position.Ledger < 0 ? Position.Earliest : position, id.Partition), isPlace);
    }

    private static DateTimeOffset Before(DateTimeOffset now, ulong seconds) => seconds < (ulong)now.ToUnixTimeSeconds() ? now.AddSeconds(-(double)seconds) : DateTimeOffset.UnixEpoch;

    private static KeySharing Keys(KeySharedMeta? meta)
    {
        if (meta is null)
        {
            return KeySharing.AutoSplit;
        }

        var ranges = new List<(int First, int Last)>();
        if (meta.KeySharedMode == Sticky)
        {
            foreach (var range in meta.HashRanges)
            {
                ranges.Add((range.Start, range.End));
            }
        }

        return new KeySharing { Ranges = ranges, AllowOutOfOrder = meta.AllowOutOfOrderDelivery };
    }
}
