using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Cli.Output;
using Virga.Core.Resources;

namespace Virga.Cli.Routes;

/// <summary>The commands about routes: <c>virga route …</c>.</summary>
internal static class RouteCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group("route", "Say which requests call which function", List(factory), Add(factory), Delete(factory));

    private static Command List(CommandFactory factory) => factory.Make("list", "List the routes of the namespace", [], async scope =>
    {
        scope.Results.List(
            await scope.Client.ListAsync(ResourceKind.Route, scope.Cancellation),
            "No routes yet. Add one: virga route add \"GET /hello\" FUNCTION",
            Column.At("NAME", "name"),
            new Column("METHODS", item => JsonPath.Text(item, "spec.methods") is { Length: > 0 } methods ? methods : "*"),
            Column.At("HOST", "spec.host"),
            Column.At("PATH", "spec.path"),
            Column.At("FUNCTION", "spec.function"),
            Column.At("CORS", "spec.cors.origins"));
        return ExitCode.Ok;
    });

    private static Command Add(CommandFactory factory)
    {
        var route = new Argument<RouteText>("ROUTE")
        {
            Description = "Method and path, such as \"GET /users/{id}\"",
            CustomParser = result =>
            {
                if (!RouteText.TryParse(result.Tokens[0].Value, out var parsed, out var error))
                {
                    result.AddError(error);
                }

                return parsed;
            },
        };
        var function = new Argument<string>("FUNCTION") { Description = "The function: name, name:alias or name:version" };
        var name = CommandFactory.NameOption("--name", "What the route is called [made from method and path]");
        var host = new Option<string?>("--host") { Description = "The host name that requests must have [any]", HelpName = "HOST" };
        var origins = new Option<string[]>("--cors-origin") { Description = "An origin whose web pages may call it; may be given again", HelpName = "ORIGIN", Arity = ArgumentArity.ZeroOrMore };
        var headers = new Option<string[]>("--cors-header") { Description = "A request header that such a page may send; may be given again", HelpName = "NAME", Arity = ArgumentArity.ZeroOrMore };
        var credentials = new Option<bool>("--cors-credentials") { Description = "Such a page may send cookies" };
        var maxAge = CommandFactory.DurationOption("--cors-max-age", "How long a browser remembers this [10m]");
        return factory.Make("add", "Add a route to a function", [route, function, name, host, origins, headers, credentials, maxAge], async scope =>
        {
            var allowed = scope.Get(origins) ?? [];
            if (allowed.Length == 0 && (scope.Has(headers) || scope.Has(credentials) || scope.Has(maxAge)))
            {
                throw new UsageException("CORS options need an origin.", "Add --cors-origin https://example.org, or --cors-origin '*'.");
            }

            var cors = allowed.Length == 0 ? null : new CorsSpec { Origins = allowed, Headers = scope.Get(headers) ?? [], Credentials = scope.Get(credentials) };
            var spec = scope.Get(route).For(scope.Get(function)) with
            {
                Host = scope.Get(host),
                Cors = cors is not null && scope.Get(maxAge) is { } age ? cors with { MaxAge = age } : cors,
            };
            var added = await scope.Client.CreateAsync(ResourceKind.Route, scope.Get(name), SpecJson.Write(spec), scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Results.Members([("Route", JsonPath.Text(added, "name")), ("Takes", RouteText.Describe(spec.Methods, spec.Path)), ("Calls", spec.Function)]);
            }
            else
            {
                scope.Results.Document(added);
            }

            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The route");
        return factory.Make("delete", "Delete a route", [name], async scope =>
        {
            await scope.Client.DeleteAsync(ResourceKind.Route, scope.Get(name), cascade: false, scope.Cancellation);
            scope.Note($"Deleted the route {scope.Get(name)}.");
            return ExitCode.Ok;
        });
    }
}
