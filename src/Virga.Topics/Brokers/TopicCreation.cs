namespace Virga.Topics.Brokers;

/// <summary>What happens to a topic that is asked for and does not exist.</summary>
public enum TopicCreation
{
    /// <summary>It is not made.</summary>
    Never,

    /// <summary>It is made where its namespace's policies allow that.</summary>
    AsPolicySays,

    /// <summary>It is made.</summary>
    Always,
}
