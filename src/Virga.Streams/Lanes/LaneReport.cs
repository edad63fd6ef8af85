namespace Virga.Streams.Lanes;

/// <summary>How a lane is, for people.</summary>
/// <param name="Topic">The partition.</param>
/// <param name="State">What it is doing.</param>
/// <param name="Backlog">Entries that are not acknowledged.</param>
/// <param name="Held">Messages in open windows.</param>
/// <param name="Watermark">Up to when windows have closed, ISO 8601; null where there are none, or none has.</param>
/// <param name="Problem">Why it does not run; null while it does.</param>
internal sealed record LaneReport(string Topic, LaneState State, long Backlog, int Held, string? Watermark, string? Problem);
