namespace Virga.Hosting.Activity;

/// <summary>Instances by what they do.</summary>
/// <param name="Starting">Not ready yet.</param>
/// <param name="Busy">Warm, with calls.</param>
/// <param name="Idle">Warm, without calls.</param>
/// <param name="Frozen">Frozen, or about to be.</param>
/// <param name="Snapshots">Functions' snapshots on disk.</param>
internal sealed record TierCounts(int Starting, int Busy, int Idle, int Frozen, int Snapshots);
