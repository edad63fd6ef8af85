using System.CommandLine;
using Virga.Cli.Client;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn get NAME</c>.</summary>
internal static class GetFunctionCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("get", "Show a function's spec and status, and the instances that run it", [name], async scope =>
        {
            var function = await scope.Client.GetAsync(ResourceKind.Function, scope.Get(name), scope.Cancellation);

            // What the node knows of it at the moment, beside what is stored.
            function["running"] = await scope.Client.GetFunctionPartAsync(scope.Get(name), "instances", scope.Cancellation);
            scope.Results.Item(function);
            return ExitCode.Ok;
        });
    }
}
