using Virga.Control.Builds;
using Virga.Control.Changes;
using Virga.Control.Environments;
using Virga.Control.Metadata;
using Virga.Control.Packages;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>Creates, updates, reads and deletes functions.</summary>
internal sealed class FunctionService(
    IMetadataStore store,
    ChangeLog changes,
    FunctionTraffic traffic,
    CallerSearch callers,
    EnvironmentCatalog environments,
    PackageStore packages,
    PackageBuilds builds,
    IsolationMinimums isolation,
    TimeProvider time)
{
    /// <summary>Makes the function, or makes a new version of it and moves its traffic there. The same spec again changes nothing; one that scales otherwise and is else the same makes no version.</summary>
    public async Task<PutResult<FunctionResource>> PutAsync(FunctionName name, FunctionSpec requested, Precondition condition, CancellationToken cancellation)
    {
        var spec = FunctionSpecRules.Check(requested);
        RequireIsolation(name, spec);
        var environment = RequireEnvironment(name, spec);
        await RequirePackageAsync(spec, cancellation);
        var built = await builds.BuildAsync(spec.Package, environment.Build, cancellation);
        var (stored, created) = await traffic.ChangeAsync(name, DecideAsync, cancellation);
        return new(FunctionResources.Show(stored), created);

        async ValueTask<FunctionMove?> DecideAsync(StoredResource? current)
        {
            RequireEnvironment(name, spec);
            await RequirePackageAsync(spec, cancellation);
            if (!await packages.ContainsAsync(built, cancellation))
            {
                // The collector had the turn between the build and here; what it removed is built again from the package, which is still here.
                built = await builds.BuildAsync(spec.Package, environment.Build, cancellation);
            }

            await packages.TouchAsync([spec.Package, built], cancellation);
            condition.Check(KeyOf(name), current);
            return Decide(name, current, spec, built);
        }
    }

    /// <summary>Changes how far the function is scaled, for all its versions and without replacing an instance.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>, <c>invalid-spec</c>; <c>invalid-request</c> when nothing is asked for.</exception>
    public async Task<FunctionResource> ScaleAsync(FunctionName name, ScaleRequest request, Precondition condition, CancellationToken cancellation)
    {
        if (request is { Min: null, Max: null, Target: null })
        {
            throw new ProblemException(KnownProblems.InvalidRequest("The request names none of min, max and target.", "Name at least one of them."));
        }

        var (stored, _) = await traffic.ChangeAsync(name, Decide, cancellation);
        return FunctionResources.Show(stored);

        ValueTask<FunctionMove?> Decide(StoredResource? found)
        {
            var current = FunctionTraffic.Require(KeyOf(name), found);
            condition.Check(current.Key, current);
            var spec = FunctionResources.SpecOf(current);
            var scaled = FunctionSpecRules.Check(spec.WithScale(new ScaleLimits(
                request.Min ?? spec.MinInstances, request.Max ?? spec.MaxInstances, request.Target ?? spec.TargetUtilisation)));
            return ValueTask.FromResult(ScaleLimits.Of(scaled) == ScaleLimits.Of(spec)
                ? null
                : new FunctionMove(ControlJson.Serialize(scaled), FunctionResources.StatusOf(current) with { Scale = ScaleLimits.Of(scaled) }));
        }
    }

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async Task<FunctionResource> GetAsync(FunctionName name, CancellationToken cancellation) => FunctionResources.Show(await traffic.RequireAsync(name, cancellation));

    public async Task<ResourcePage<FunctionResource>> ListAsync(Scope scope, string? after, int limit, CancellationToken cancellation) =>
        ResourcePage<FunctionResource>.From(await store.ListAsync(ResourceKind.Function, scope, after, limit + 1, cancellation), limit, FunctionResources.Show);

    /// <summary>Deletes the function with all its versions. Calls that run finish.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>; <c>conflict</c> when routes, triggers or stream functions call it and <paramref name="cascade"/> does not allow to delete them too.</exception>
    public async Task DeleteAsync(FunctionName name, Precondition condition, bool cascade, CancellationToken cancellation)
    {
        using var turn = await changes.EnterAsync(cancellation);
        var current = await traffic.RequireAsync(name, cancellation);
        condition.Check(current.Key, current);
        var users = callers.Of(name);
        if (!users.IsNone && !cascade)
        {
            throw new ProblemException(KnownProblems.Conflict(
                $"The {current.Key} is called by {users}.", "Delete what calls it first, or delete the function with --cascade (in the API: ?cascade=true), which deletes that too."));
        }

        await changes.CommitAsync([
            .. users.Keys.Select(static key => new MetadataOperation.Delete(key)),
            new MetadataOperation.DropVersions(name),
            new MetadataOperation.Delete(current.Key, current.Version)]);
        callers.Remove(users);
        traffic.Stop(name);
    }

    private FunctionMove? Decide(FunctionName name, StoredResource? current, FunctionSpec spec, string built)
    {
        var limits = ScaleLimits.Of(spec);
        var json = ControlJson.Serialize(spec);
        var status = current is null ? null : FunctionResources.StatusOf(current);
        if (current is not null && status!.BuiltPackage == built)
        {
            // Read and written again, so that what an earlier Virga stored has today's form.
            var stored = FunctionResources.SpecOf(current);
            if (ControlJson.Serialize(stored) == json)
            {
                return null;
            }

            if (ControlJson.Serialize(stored.WithScale(limits)) == json)
            {
                return new FunctionMove(json, status with { Scale = limits });
            }
        }

        var number = (status?.LatestVersion ?? 0) + 1;
        var version = new StoredFunctionVersion(name, number, time.GetUtcNow(), json, spec.Package, built);
        var next = status is null
            ? new FunctionStatus(number, number, built, new SortedDictionary<string, AliasTarget>(StringComparer.Ordinal) { [FunctionStatus.LiveAlias] = new(number) }, limits)
            : (status with { LatestVersion = number, BuiltPackage = built, Scale = limits }).With(FunctionStatus.LiveAlias, new AliasTarget(number));
        return new FunctionMove(json, next, version);
    }

    private static ResourceKey KeyOf(FunctionName name) => FunctionResources.KeyOf(name);

    // A spec that asks for nothing is in order: it gets the node's default or the minimum, whichever is stronger.
    private void RequireIsolation(FunctionName name, FunctionSpec spec)
    {
        var least = isolation.Of(name.Tenant);
        if (spec.Isolation < least)
        {
            throw new ProblemException(KnownProblems.InvalidSpec(
                $"isolation is {Word(spec.Isolation.Value)}, but functions of the tenant '{name.Tenant}' need {Word(least)} on this node.",
                $"Set isolation to {Word(least)} or stronger, or leave it out."));
        }

        static string Word(Isolation isolation) => isolation.ToString().ToLowerInvariant();
    }

    private EnvironmentSpec RequireEnvironment(FunctionName name, FunctionSpec spec) =>
        environments.Find(name.Tenant, name.Namespace, spec.Environment)
            ?? throw new ProblemException(KnownProblems.InvalidSpec(
                $"There is no environment '{ResourceName.Shorten(spec.Environment)}'.", $"Use one of {string.Join(", ", environments.BuiltIn.Keys.Order(StringComparer.Ordinal))}, or create it first."));

    private async ValueTask RequirePackageAsync(FunctionSpec spec, CancellationToken cancellation)
    {
        if (!await packages.ContainsAsync(spec.Package, cancellation))
        {
            throw new ProblemException(KnownProblems.InvalidSpec(
                $"The package '{ResourceName.Shorten(spec.Package)}' is not on this node.", "Upload it with POST /api/v1/packages, and name the digest of the answer."));
        }
    }
}
