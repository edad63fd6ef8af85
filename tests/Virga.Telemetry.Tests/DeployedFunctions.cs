using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Telemetry.Tests;

/// <summary>A catalog of the functions that a test names.</summary>
internal sealed class DeployedFunctions(params FunctionVersion[] versions) : IFunctionCatalog
{
    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation) =>
        ValueTask.FromResult(Array.Find(versions, version => version.Name == name));
}
