using System.CommandLine;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn versions NAME</c>.</summary>
internal static class VersionsCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("versions", "List the versions that are kept of a function", [name], async scope =>
        {
            var versions = await scope.Client.GetFunctionPartAsync(scope.Get(name), "versions", scope.Cancellation);
            scope.Results.List(
                versions["items"]?.AsArray() ?? [],
                "The function has no version.",
                Column.At("VERSION", "version"),
                new Column("LIVE", item => JsonPath.Text(item, "live") == "true" ? "live" : null),
                Column.At("ALIASES", "aliases"),
                Column.At("ENVIRONMENT", "spec.environment"),
                new Column("PACKAGE", item => Short(JsonPath.Text(item, "spec.package"))),
                Column.At("CREATED", "createdAt"));
            return ExitCode.Ok;
        });
    }

    private static string? Short(string? digest) => digest is { Length: > 19 } ? digest[..19] : digest;
}
