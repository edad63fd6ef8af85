namespace Virga.Topics.Policies;

/// <summary>How long messages are kept that every subscription has acknowledged: until one of the two is exceeded.</summary>
/// <param name="Seconds">For so long; 0 not at all, -1 for ever.</param>
/// <param name="Bytes">So many bytes of the topic; 0 none, -1 without a limit.</param>
public sealed record RetentionLimits(long Seconds, long Bytes)
{
    /// <summary>Not at all: what everybody has acknowledged goes.</summary>
    public static RetentionLimits None { get; } = new(0, 0);

    /// <summary>For ever.</summary>
    public static RetentionLimits Everything { get; } = new(-1, -1);
}
