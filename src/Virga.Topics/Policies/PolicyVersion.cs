namespace Virga.Topics.Policies;

/// <summary>Policies as they are stored.</summary>
/// <param name="Policies">Those that were said.</param>
/// <param name="Version">Counts their changes; 0 when none were ever said.</param>
public sealed record PolicyVersion(TopicPolicies Policies, long Version);
