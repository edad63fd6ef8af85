using Virga.Core.Resources;

namespace Virga.Execution.Pools;

/// <summary>Where function pools get instances and packages from.</summary>
/// <param name="GenericPoolOf">The generic instances that can become an instance of a function.</param>
/// <param name="Packages">The functions' files.</param>
/// <param name="Stopping">Fires when the node stops starting instances.</param>
internal sealed record FunctionPoolServices(Func<FunctionVersion, GenericPool> GenericPoolOf, IPackageDirectory Packages, CancellationToken Stopping);
