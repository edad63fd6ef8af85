using Virga.Core.Problems;

namespace Virga.Topics.Policies;

/// <summary>Which policies can be.</summary>
internal static class PolicyRules
{
    /// <summary>The greatest entry that can be allowed: it has to fit into a frame of Pulsar's protocol.</summary>
    public const int GreatestMessage = 128 << 20;

    /// <summary>The most partitions of a topic.</summary>
    public const int MostPartitions = 10_000;

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="ProblemException"><c>invalid-request</c>.</exception>
    public static void Require(TopicPolicies policies)
    {
        Require(policies.MaxMessageBytes is null or (> 0 and <= GreatestMessage), $"maxMessageBytes is 1 to {GreatestMessage}");
        Require(policies.AutoCreation is not { Partitions: < 0 or > MostPartitions }, $"partitions are 0 to {MostPartitions}");
        Require(policies.Retention is not { Seconds: < -1 } and not { Bytes: < -1 }, "retention is -1 for ever, 0 for none, or more");
        Require(policies.TtlSeconds is null or >= 0, "ttlSeconds is 0 for never, or more");
        Require(policies.SubscriptionExpirySeconds is null or >= 0, "subscriptionExpirySeconds is 0 for never, or more");
        Require(policies.InactiveTopics is not { Seconds: <= 0 }, "inactiveTopics.seconds is at least 1");
        Require(
            (policies.MaxProducers ?? 0) >= 0 && (policies.MaxConsumers ?? 0) >= 0 && (policies.MaxSubscriptions ?? 0) >= 0 && (policies.MaxConsumersPerSubscription ?? 0) >= 0
                && (policies.MaxUnackedPerConsumer ?? 0) >= 0 && (policies.MaxUnackedPerSubscription ?? 0) >= 0,
            "limits are 0 for none, or more");
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The policies cannot be set: {rule}."));
        }
    }
}
