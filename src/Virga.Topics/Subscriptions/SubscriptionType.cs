namespace Virga.Topics.Subscriptions;

/// <summary>How the consumers of one subscription share its messages; the numbers are those of Pulsar's protocol.</summary>
public enum SubscriptionType
{
    /// <summary>One consumer gets all; a second is refused.</summary>
    Exclusive = 0,

    /// <summary>Each message goes to one of the consumers, whoever has room.</summary>
    Shared = 1,

    /// <summary>One consumer gets all, another takes over when it goes.</summary>
    Failover = 2,

    /// <summary>Each message goes to one of the consumers, those of one key to the same one and in order.</summary>
    KeyShared = 3,
}
