namespace Virga.Topics.Policies;

/// <summary>A limit per second.</summary>
/// <param name="Messages">Messages per second; 0 or less for no limit of them.</param>
/// <param name="Bytes">Bytes per second; 0 or less for no limit of them.</param>
public sealed record RateLimit(long Messages, long Bytes);
