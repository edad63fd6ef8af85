using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Telemetry.Logs;

namespace Virga.Telemetry.Api;

/// <summary>The functions that can be asked about: those that are deployed, and deleted ones of which there is still a log.</summary>
/// <param name="catalog">What is deployed; null where telemetry runs without a control plane, and any function can be asked about.</param>
/// <param name="logs">What has logged.</param>
internal sealed class KnownFunctions(IFunctionCatalog? catalog, FunctionLogStore logs)
{
    /// <summary>The function that the path names.</summary>
    /// <exception cref="ProblemException"><c>invalid-name</c>, <c>not-found</c>.</exception>
    public async ValueTask<FunctionName> RequireAsync(HttpContext http)
    {
        var function = Parameters.Function(http);
        return catalog is null || await catalog.ResolveAsync(function, null, 0, http.RequestAborted) is not null || await logs.KnowsAsync(function).WaitAsync(http.RequestAborted)
            ? function
            : throw new ProblemException(KnownProblems.NotFound($"There is no function '{function.Name}'.", "See `virga fn list`."));
    }
}
