using System.CommandLine;
using Virga.Cli.Client;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn delete NAME [--cascade]</c>.</summary>
internal static class DeleteFunctionCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        var cascade = new Option<bool>("--cascade") { Description = "Delete the routes, triggers and stream functions that call it as well" };
        return factory.Make("delete", "Delete a function and its versions", [name, cascade], async scope =>
        {
            await scope.Client.DeleteAsync(ResourceKind.Function, scope.Get(name), scope.Get(cascade), scope.Cancellation);
            scope.Note($"Deleted the function {scope.Get(name)}.");
            return ExitCode.Ok;
        });
    }
}
