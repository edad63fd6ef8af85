namespace Virga.Streams.Calls;

/// <summary>Why a call brought no answer.</summary>
/// <param name="Cause">In one line.</param>
/// <param name="IsHeld">Whether it did not run at all for want of room: it is tried again until there is some, and counts as no try.</param>
/// <param name="RetryAfter">When to try again; null for the usual.</param>
internal sealed record CallFailure(string Cause, bool IsHeld, TimeSpan? RetryAfter);
