using System.CommandLine;
using Virga.Cli.Client;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn get NAME</c>.</summary>
internal static class GetFunctionCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("get", "Show a function's spec and status", [name], async scope =>
        {
            scope.Results.Item(await scope.Client.GetAsync(ResourceKind.Function, scope.Get(name), scope.Cancellation));
            return ExitCode.Ok;
        });
    }
}
