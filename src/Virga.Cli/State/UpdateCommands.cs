using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Virga.Cli.Client;

namespace Virga.Cli.State;

/// <summary><c>virga state incr|update|query</c>: changes that merge, and questions.</summary>
internal static class UpdateCommands
{
    public static Command Increment(CommandFactory factory)
    {
        var key = StateCommands.KeyArgument();
        var amount = new Argument<long>("N")
        {
            Description = "By how much; less than zero to decrement, after --",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = static _ => 1,
        };
        return factory.Make("incr", "Increment a counter and print it", [key, amount], async scope =>
        {
            var update = string.Create(CultureInfo.InvariantCulture, $$$"""{"counter":{"increment":{{{scope.Get(amount)}}}}}""");
            Print(scope, scope.Get(key), await new StateClient(scope.Client).UpdateAsync(scope.Get(key), Encoding.UTF8.GetBytes(update), scope.Cancellation));
            return ExitCode.Ok;
        });
    }

    public static Command Update(CommandFactory factory)
    {
        var key = StateCommands.KeyArgument();
        var update = new Argument<string>("UPDATE") { Description = "JSON such as {\"set\":{\"add\":[\"a\"]}}, @FILE, or - for standard input" };
        return factory.Make("update", "Update a counter, set, map or another kind of value", [key, update], async scope =>
        {
            var bytes = await ValueText.ReadAsync(scope, scope.Get(update));
            Print(scope, scope.Get(key), await new StateClient(scope.Client).UpdateAsync(scope.Get(key), bytes, scope.Cancellation));
            return ExitCode.Ok;
        });
    }

    public static Command Query(CommandFactory factory)
    {
        var key = StateCommands.KeyArgument();
        var query = new Argument<string>("QUERY") { Description = "JSON such as {\"set\":{\"has\":\"a\"}}, @FILE, or - for standard input" };
        return factory.Make("query", "Ask something of a key without reading all of it", [key, query], async scope =>
        {
            var bytes = await ValueText.ReadAsync(scope, scope.Get(query));
            Print(scope, scope.Get(key), await new StateClient(scope.Client).QueryAsync(scope.Get(key), bytes, scope.Cancellation));
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandScope scope, string key, string answer)
    {
        if (scope.Results.IsTable)
        {
            scope.Terminal.Out.WriteLine(answer);
        }
        else
        {
            scope.Results.Document(new JsonObject { ["key"] = key, ["result"] = JsonNode.Parse(answer) });
        }
    }
}
