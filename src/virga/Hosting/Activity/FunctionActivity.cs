namespace Virga.Hosting.Activity;

/// <summary>What a function does. Rates and latencies are those of the last ten seconds.</summary>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Namespace">Where it lives.</param>
/// <param name="Name">Its name.</param>
/// <param name="CallsPerSecond">Calls that ended.</param>
/// <param name="ErrorsPerSecond">Those that failed or were refused.</param>
/// <param name="Cpu">CPU that it uses, in cores.</param>
/// <param name="P50Ms">How long half of the callers waited at most, in milliseconds; null without calls.</param>
/// <param name="P99Ms">How long 99 of 100 callers waited at most, in milliseconds; null without calls.</param>
/// <param name="InFlight">Calls that run.</param>
/// <param name="Queued">Calls that wait.</param>
/// <param name="Instances">Its instances, by tier.</param>
/// <param name="Desired">How many instances are wanted.</param>
/// <param name="ScaleReason">Why so many.</param>
/// <param name="Memory">Resident memory of its instances, in bytes.</param>
internal sealed record FunctionActivity(
    string Tenant, string Namespace, string Name, double CallsPerSecond, double ErrorsPerSecond, double Cpu, double? P50Ms, double? P99Ms,
    int InFlight, int Queued, TierCounts Instances, int Desired, string ScaleReason, long Memory);
