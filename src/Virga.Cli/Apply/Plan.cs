using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Functions;
using Virga.Cli.Packaging;
using Virga.Cli.Routes;
using Virga.Core.Resources;

namespace Virga.Cli.Apply;

/// <summary>The steps that bring a node to what a manifest declares. Making the plan changes nothing.</summary>
/// <param name="Steps">In the order in which they must be done: environments, then functions, DAGs, triggers, stream functions and routes.</param>
internal sealed record Plan(IReadOnlyList<PlanStep> Steps)
{
    /// <summary>How many steps change something.</summary>
    public int Changes => Steps.Count(step => step.Change != Change.None);

    /// <summary>Compares a manifest with what the node has.</summary>
    public static async Task<Plan> MakeAsync(Manifest manifest, ControlClient client, CancellationToken cancellation)
    {
        var steps = new List<PlanStep>();
        foreach (var (name, spec) in manifest.Environments)
        {
            var current = await client.FindAsync(ResourceKind.Environment, name, cancellation);
            var wanted = SpecJson.Write(spec);
            steps.Add(Step(
                ResourceKind.Environment,
                name.Value,
                current is null ? null : SpecJson.Write(SpecJson.ReadEnvironment(current)),
                wanted,
                token => client.PutAsync(ResourceKind.Environment, name, wanted, token)));
        }

        foreach (var function in manifest.Functions)
        {
            steps.Add(await FunctionStepAsync(function, client, cancellation));
        }

        foreach (var (name, wanted) in manifest.Dags)
        {
            var current = await client.FindAsync(ResourceKind.Dag, name, cancellation);
            steps.Add(Step(ResourceKind.Dag, name.Value, current?["spec"] as JsonObject, wanted, token => client.PutAsync(ResourceKind.Dag, name, wanted, token)));
        }

        foreach (var (name, wanted) in manifest.Triggers)
        {
            var current = await client.FindAsync(ResourceKind.Trigger, name, cancellation);
            steps.Add(Step(ResourceKind.Trigger, name.Value, current?["spec"] as JsonObject, wanted, token => client.PutAsync(ResourceKind.Trigger, name, wanted, token)));
        }

        foreach (var (name, wanted) in manifest.Streams)
        {
            var current = await client.FindAsync(ResourceKind.Stream, name, cancellation);
            steps.Add(Step(ResourceKind.Stream, name.Value, current?["spec"] as JsonObject, wanted, token => client.PutAsync(ResourceKind.Stream, name, wanted, token)));
        }

        var routes = await client.ListAsync(ResourceKind.Route, cancellation);
        var wantedRoutes = manifest.Functions
            .SelectMany(function => function.Routes.Select(route => RoutePlacement.Of(route.For(function.Name.Value), routes)))
            .Concat(manifest.Routes.Select(route => RoutePlacement.Of(route.Spec, routes, route.Name)));
        steps.AddRange(wantedRoutes.Select(placement => RouteStep(placement, client)));
        return new Plan(steps);
    }

    private static async Task<PlanStep> FunctionStepAsync(FunctionEntry function, ControlClient client, CancellationToken cancellation)
    {
        var environment = function.Settings.Environment ?? EnvironmentGuess.Of(function.Path);
        var archive = PackageArchive.Pack(function.Path);
        var current = await client.FindAsync(ResourceKind.Function, function.Name, cancellation);

        // What the file does not say has its default: that is what makes it declarative.
        var wanted = function.Settings.Over(null, environment, archive.Digest);
        return Step(
            ResourceKind.Function,
            function.Name.Value,
            current is null ? null : SpecJson.Write(SpecJson.ReadFunction(current)),
            SpecJson.Write(wanted),
            async token =>
            {
                var deployment = new Deployment(client, function.Name);
                var package = await deployment.UploadAsync(archive, token);
                await deployment.PutAsync(wanted with { Package = package }, token);
            });
    }

    private static PlanStep RouteStep(RoutePlacement placement, ControlClient client) => Step(
        ResourceKind.Route,
        Describe(placement.Wanted),
        placement.Current is null ? null : SpecJson.Write(placement.Current),
        SpecJson.Write(placement.Wanted),
        token => placement.ApplyAsync(client, token));

    private static string Describe(RouteSpec route) => $"{RouteText.Describe(route.Methods, route.Host + route.Path)} → {route.Function}";

    private static PlanStep Step(ResourceKind kind, string name, JsonObject? current, JsonObject wanted, Func<CancellationToken, Task> apply)
    {
        if (current is null)
        {
            return new PlanStep(kind, name, Change.Create, [], apply);
        }

        var fields = FieldChange.Between(current, wanted);
        return new PlanStep(kind, name, fields.Count == 0 ? Change.None : Change.Update, fields, apply);
    }
}
