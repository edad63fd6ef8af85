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
            if (scope.Results.IsTable)
            {
                // For people also what runs at the moment; for programs what the control API says, and `fn instances` for the rest.
                function["running"] = await scope.Client.GetFunctionPartAsync(scope.Get(name), "instances", scope.Cancellation);
            }

            scope.Results.Item(function);
            return ExitCode.Ok;
        });
    }
}
