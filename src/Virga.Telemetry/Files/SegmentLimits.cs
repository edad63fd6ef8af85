namespace Virga.Telemetry.Files;

/// <summary>The bounds of one <see cref="SegmentedFile"/>.</summary>
/// <param name="SegmentBytes">A segment that has grown to this is followed by a new one.</param>
/// <param name="TotalBytes">The oldest segments go while all of them together are larger.</param>
/// <param name="SegmentAge">A segment this old is followed by a new one; null for no bound on age.</param>
/// <param name="Retention">A segment goes when its successor is this old; null for no bound on age.</param>
internal sealed record SegmentLimits(long SegmentBytes, long TotalBytes, TimeSpan? SegmentAge = null, TimeSpan? Retention = null);
