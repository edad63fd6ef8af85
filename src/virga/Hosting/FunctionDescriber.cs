using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Hosting;

/// <summary>Goes through all that a call of a function needs, and says what is missing.</summary>
internal sealed class FunctionDescriber(NodeEngines engines, IFunctionCatalog functions, IEnvironmentCatalog environments, IPackageDirectory packages)
{
    /// <summary>Describes the live version of a function.</summary>
    public async Task<FunctionDescription> DescribeAsync(FunctionName name, CancellationToken cancellation)
    {
        var live = await functions.ResolveAsync(name, null, 0, cancellation)
            ?? throw new ProblemException(KnownProblems.NotFound($"There is no function '{name}'.", "See `virga fn list`."));
        var checks = new List<FunctionCheck>
        {
            Environment(live),
            await PackageAsync(live, cancellation),
            Isolation(live),
            Egress(live),
            LastStart(live),
        };
        return new FunctionDescription(
            name.ToString(), live.Version, checks.TrueForAll(c => c.Ok), live.Spec.Executor, live.Scale, live.Spec.KeepWarm, live.Spec.Egress, live.Spec.Provisioned, live.Spec.Sticky, checks);
    }

    private FunctionCheck Environment(FunctionVersion live)
    {
        var environment = environments.Find(live.Name.Tenant, live.Name.Namespace, live.Spec.Environment);
        return environment is null
            ? new FunctionCheck("environment", Ok: false, $"The environment '{live.Spec.Environment}' does not exist on this node.", "See `virga env list`; deploy the function again with --env, or install what the environment needs.")
            : new FunctionCheck("environment", Ok: true, $"'{live.Spec.Environment}' runs {string.Join(' ', environment.Command)}", null);
    }

    private async Task<FunctionCheck> PackageAsync(FunctionVersion live, CancellationToken cancellation)
    {
        try
        {
            await packages.GetPathAsync(live.BuiltPackage, cancellation);
            return new FunctionCheck("package", Ok: true, live.BuiltPackage, null);
        }
        catch (ProblemException e)
        {
            return new FunctionCheck("package", Ok: false, e.Problem.Detail ?? e.Problem.Title, "Deploy the function again.");
        }
    }

    private FunctionCheck Isolation(FunctionVersion live)
    {
        var isolation = engines.Execution?.Scheduler.IsolationOf(live);
        var missing = isolation switch
        {
            Core.Resources.Isolation.Bubblewrap => engines.Execution?.BubblewrapMissing,
            Core.Resources.Isolation.Gvisor => engines.Execution?.GvisorMissing,
            _ => null,
        };
        return missing is not null
            ? new FunctionCheck("isolation", Ok: false, missing, "Install what is missing, or deploy trusted code with --isolation process.")
            : new FunctionCheck("isolation", Ok: true, isolation?.ToString().ToLowerInvariant() ?? "not started", null);
    }

    private FunctionCheck Egress(FunctionVersion live) =>
        live.Spec.Egress == EgressPolicy.Internet && engines.Execution?.Scheduler.IsolationOf(live) != Core.Resources.Isolation.Process && engines.Execution?.InternetMissing is { } missing
            ? new FunctionCheck("egress", Ok: false, missing, "Install what is missing, or deploy the function with --egress none.")
            : new FunctionCheck("egress", Ok: true, live.Spec.Egress == EgressPolicy.Internet ? "internet" : "none", null);

    private FunctionCheck LastStart(FunctionVersion live)
    {
        var failure = engines.Execution?.Scheduler.StatusOf(live)?.LastFailure;
        return failure is null
            ? new FunctionCheck("start", Ok: true, "no failed start since the last good one", null)
            : new FunctionCheck("start", Ok: false, failure.Detail ?? failure.Title, failure.Fix);
    }
}

/// <summary>How a function runs, and whether what a call of it needs is there.</summary>
internal sealed record FunctionDescription(
    string Function, int LiveVersion, bool Callable, Executor Executor, ScaleLimits Scale, KeepWarm KeepWarm, EgressPolicy Egress, IReadOnlyList<ProvisionedWindow> Provisioned, string? Sticky,
    IReadOnlyList<FunctionCheck> Checks);

/// <summary>One thing that a call needs.</summary>
internal sealed record FunctionCheck(string Name, bool Ok, string Detail, string? Fix);
