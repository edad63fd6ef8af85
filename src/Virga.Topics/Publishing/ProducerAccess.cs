namespace Virga.Topics.Publishing;

/// <summary>Who may publish to a topic beside a producer; the numbers are those of Pulsar's protocol.</summary>
public enum ProducerAccess
{
    /// <summary>Anybody.</summary>
    Shared = 0,

    /// <summary>Nobody: it is refused when there is another.</summary>
    Exclusive = 1,

    /// <summary>Nobody: it waits until there is no other.</summary>
    WaitForExclusive = 2,

    /// <summary>Nobody: the others are closed and fenced.</summary>
    ExclusiveWithFencing = 3,
}
