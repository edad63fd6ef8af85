using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Virga.Cli.Client;
using Virga.Cli.Output;
using Virga.Cli.Packaging;
using Virga.Cli.Routes;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn deploy PATH --name N</c>: packs, uploads, creates or updates, and says where the function answers.</summary>
internal static class DeployCommand
{
    // Below this a package is gone before a bar could be read.
    private const int ProgressFrom = 1 << 20;

    public static Command Make(CommandFactory factory)
    {
        var path = new Argument<string>("PATH") { Description = "A source file, a folder, a zip file or an executable" };
        var name = CommandFactory.NameOption("--name", "What the function is called");
        name.Required = true;
        var options = new FunctionOptions();
        var routes = RouteOption();
        return factory.Make("deploy", "Create a function, or put new code or settings into it", [path, name, .. options.All, routes], async scope =>
        {
            var started = scope.Terminal.Time.GetTimestamp();
            var function = scope.Get(name)!.Value;
            var settings = options.Read(scope);
            var source = scope.Terminal.Resolve(scope.Get(path));
            var archive = PackageArchive.Pack(source);
            var environment = EnvironmentChoice.Of(source, settings, await scope.Client.FindAsync(ResourceKind.Function, function, scope.Cancellation));
            scope.Note($"Packed {Describe(archive)} for {environment}.");

            var resource = await WithProgressAsync(scope, archive, progress =>
                new Deployment(scope.Client, function) { Progress = progress }.RunAsync(archive, environment, settings, scope.Cancellation));
            var wanted = scope.Get(routes) ?? [];
            await new Deployment(scope.Client, function).RouteAsync(wanted, scope.Cancellation);
            var took = scope.Terminal.Time.GetElapsedTime(started);
            await PrintAsync(scope, function, resource, took);
            return ExitCode.Ok;
        });
    }

    /// <summary>Where a function answers without a route.</summary>
    public static string FunctionUrl(Uri gateway, ControlClient client, string function)
    {
        var isDefault = client.Tenant == ResourceName.Default && client.Namespace == ResourceName.Default;
        return $"{Root(gateway)}/f/{(isDefault ? "" : $"{client.Tenant}/{client.Namespace}/")}{function}";
    }

    private static Option<List<RouteText>> RouteOption() => new("--route")
    {
        Description = "A route to the function, such as \"GET /users/{id}\"; may be given again",
        HelpName = "\"METHOD /PATH\"",
        Arity = ArgumentArity.ZeroOrMore,
        CustomParser = result =>
        {
            var routes = new List<RouteText>();
            foreach (var token in result.Tokens)
            {
                if (RouteText.TryParse(token.Value, out var route, out var error))
                {
                    routes.Add(route);
                }
                else
                {
                    result.AddError(error);
                }
            }

            return routes;
        },
    };

    private static async Task<JsonObject> WithProgressAsync(CommandScope scope, PackageArchive archive, Func<IProgress<long>?, Task<JsonObject>> deploy)
    {
        if (scope.Quiet || !scope.Terminal.IsErrorInteractive || archive.Zip.Length < ProgressFrom)
        {
            return await deploy(null);
        }

        return await scope.Terminal.ErrorConsole.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .StartAsync(async bars =>
            {
                var bar = bars.AddTask("Uploading", maxValue: archive.Zip.Length);
                return await deploy(new BarProgress(bar));
            });
    }

    private static async Task PrintAsync(CommandScope scope, ResourceName function, JsonObject resource, TimeSpan took)
    {
        if (!scope.Results.IsTable)
        {
            scope.Results.Document(resource);
            return;
        }

        var gateway = await scope.GetGatewayAsync();
        var version = JsonPath.Text(resource, "status.liveVersion") ?? JsonPath.Text(resource, "status.latestVersion");
        var routes = (await scope.Client.ListAsync(ResourceKind.Route, scope.Cancellation)).OfType<JsonObject>()
            .Select(SpecJson.ReadRoute)
            .Where(route => route.Function.Split(':')[0] == function.Value);
        scope.Results.Members(
        [
            ("Function", $"{function}{(version is null ? "" : $", version {version}")}"),
            ("URL", FunctionUrl(gateway, scope.Client, function.Value)),
            .. routes.Select(route => ("Route", (string?)Describe(gateway, route))),
            ("Took", string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:0.00} s")),
        ]);
    }

    private static string Describe(Uri gateway, RouteSpec route) =>
        RouteText.Describe(route.Methods, (route.Host is null ? Root(gateway) : $"{gateway.Scheme}://{route.Host}:{gateway.Port}") + route.Path);

    private static string Root(Uri gateway) => gateway.GetLeftPart(UriPartial.Authority);

    private static string Describe(PackageArchive archive)
    {
        var size = archive.Zip.Length < 1024 * 1024
            ? string.Create(CultureInfo.InvariantCulture, $"{archive.Zip.Length / 1024.0:0.0} KB")
            : string.Create(CultureInfo.InvariantCulture, $"{archive.Zip.Length / (1024.0 * 1024):0.0} MB");
        return archive.Files is { } files ? $"{files} {(files == 1 ? "file" : "files")}, {size}," : $"a zip file, {size},";
    }

    private sealed class BarProgress(ProgressTask bar) : IProgress<long>
    {
        public void Report(long value) => bar.Value = value;
    }
}
