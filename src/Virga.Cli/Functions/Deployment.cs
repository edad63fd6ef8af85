using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Packaging;
using Virga.Cli.Routes;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary>Brings one function's code and settings to a node.</summary>
/// <param name="client">The node.</param>
/// <param name="name">What the function is called.</param>
internal sealed class Deployment(ControlClient client, ResourceName name)
{
    /// <summary>How much of the package is sent, in bytes; null when nobody looks.</summary>
    public IProgress<long>? Progress { get; init; }

    /// <summary>Uploads the package unless the node has it, then creates or updates the function. Unsaid settings stay as they are.</summary>
    public async Task<JsonObject> RunAsync(PackageArchive archive, string environment, FunctionSettings settings, CancellationToken cancellation)
    {
        var package = await UploadAsync(archive, cancellation);
        try
        {
            return await MergeAsync(package, environment, settings, cancellation);
        }
        catch (ControlException changed) when (changed.Problem.Slug is "stale-version" or "conflict")
        {
            // Somebody else changed or created it meanwhile: what was left unsaid now means what they said.
            return await MergeAsync(package, environment, settings, cancellation);
        }
    }

    /// <summary>Uploads a package unless the node has it; gives its digest.</summary>
    public async Task<string> UploadAsync(PackageArchive archive, CancellationToken cancellation) =>
        await client.HasPackageAsync(archive.Digest, cancellation)
            ? archive.Digest
            : await client.UploadPackageAsync(archive.Zip, Progress, cancellation);

    /// <summary>Creates or updates the function.</summary>
    public Task<JsonObject> PutAsync(FunctionSpec spec, CancellationToken cancellation) =>
        client.PutAsync(ResourceKind.Function, name, SpecJson.Write(spec), cancellation);

    private async Task<JsonObject> MergeAsync(string package, string environment, FunctionSettings settings, CancellationToken cancellation)
    {
        var current = await client.FindAsync(ResourceKind.Function, name, cancellation);
        var spec = settings.Over(current is null ? null : SpecJson.ReadFunction(current), environment, package);
        return await client.ReplaceAsync(ResourceKind.Function, name, SpecJson.Write(spec), current, cancellation);
    }

    /// <summary>Makes sure that the function has these routes; those that it has already stay as they are.</summary>
    public async Task RouteAsync(IReadOnlyList<RouteText> routes, CancellationToken cancellation)
    {
        if (routes.Count == 0)
        {
            return;
        }

        var existing = await client.ListAsync(ResourceKind.Route, cancellation);
        foreach (var route in routes)
        {
            await RoutePlacement.Of(route.For(name.Value), existing).ApplyAsync(client, cancellation);
        }
    }
}
