namespace Virga.Telemetry.Metering;

/// <summary>What is summed up: what one version of a function used in one hour.</summary>
/// <param name="Function">The function's full name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Hour">Hours since 1970, UTC.</param>
internal readonly record struct UsageKey(string Function, int Version, int Hour);
