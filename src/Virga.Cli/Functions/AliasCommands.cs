using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Failures;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn alias set|list|delete</c>.</summary>
internal static class AliasCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group("alias", "Name versions, and split traffic between two", Set(factory), List(factory), Delete(factory));

    private static Command Set(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        var alias = AliasArgument();
        var version = CommandFactory.CountArgument("VERSION", "The version that it names", 1);
        var alternate = CommandFactory.CountOption("--alternate", "A second version that takes a part of the traffic", 1);
        var weight = new Option<double?>("--weight")
        {
            Description = "The part of the traffic that goes to --alternate, between 0 and 1",
            HelpName = "0.1",
            CustomParser = result =>
            {
                if (double.TryParse(result.Tokens[0].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var part) && part is > 0 and < 1)
                {
                    return part;
                }

                result.AddError($"'{result.Tokens[0].Value}' in --weight is no part of the traffic; it must be more than 0 and less than 1, such as 0.1.");
                return null;
            },
        };
        return factory.Make("set", "Point an alias at a version", [name, alias, version, alternate, weight], async scope =>
        {
            if (scope.Get(alternate).HasValue != scope.Get(weight).HasValue)
            {
                throw new UsageException("--alternate and --weight go together.", "Give both, as in --alternate 2 --weight 0.1.");
            }

            (int, double)? second = scope.Get(alternate) is { } other ? (other, scope.Get(weight)!.Value) : null;
            var answer = await scope.Client.SetAliasAsync(scope.Get(name), scope.Get(alias), scope.Get(version), second, scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Note($"{scope.Get(name)}:{scope.Get(alias)} is version {scope.Get(version)}{(second is var (v, w) ? string.Create(CultureInfo.InvariantCulture, $", and version {v} for {w:P0} of the calls") : "")}.");
            }
            else
            {
                scope.Results.Document(answer);
            }

            return ExitCode.Ok;
        });
    }

    private static Command List(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("list", "List a function's aliases", [name], async scope =>
        {
            var answer = await scope.Client.GetFunctionPartAsync(scope.Get(name), "aliases", scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(answer);
                return ExitCode.Ok;
            }

            scope.Results.List(
                Named(answer),
                "The function has no alias.",
                Column.At("ALIAS", "name"),
                Column.At("VERSION", "version"),
                Column.At("ALTERNATE", "alternate.version"),
                Column.At("WEIGHT", "alternate.weight"));
            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        var alias = AliasArgument();
        return factory.Make("delete", "Remove an alias", [name, alias], async scope =>
        {
            await scope.Client.DeleteAliasAsync(scope.Get(name), scope.Get(alias), scope.Cancellation);
            scope.Note($"Deleted the alias {scope.Get(name)}:{scope.Get(alias)}.");
            return ExitCode.Ok;
        });
    }

    private static Argument<string> AliasArgument() => new("ALIAS") { Description = "The alias, such as live" };

    // Aliases come as a list of items, or as a map from the name to the rest.
    private static JsonArray Named(JsonObject answer)
    {
        if (answer["items"] is JsonArray items)
        {
            return items;
        }

        var named = new JsonArray();
        foreach (var (name, alias) in answer["aliases"] as JsonObject ?? answer)
        {
            if (alias?.DeepClone() is JsonObject members)
            {
                members["name"] = name;
                named.Add(members);
            }
        }

        return named;
    }
}
