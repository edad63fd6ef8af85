namespace Virga.Streams.Calls;

/// <summary>Why a call brought no answer.</summary>
/// <param name="Slug">The kind of problem.</param>
/// <param name="Detail">What it said.</param>
/// <param name="IsHeld">Whether it did not run at all for want of room: it is tried again until there is some, and counts as no try.</param>
/// <param name="RetryAfter">When to try again; null for the usual.</param>
internal sealed record CallFailure(string Slug, string Detail, bool IsHeld, TimeSpan? RetryAfter);
