using System.CommandLine;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn rollback NAME [--to VERSION]</c>.</summary>
internal static class RollbackCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        var version = CommandFactory.CountOption("--to", "The version to go back to [the one before]", 1);
        return factory.Make("rollback", "Move a function's traffic back to an earlier version", [name, version], async scope =>
        {
            var function = await scope.Client.RollBackAsync(scope.Get(name), scope.Get(version), scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Results.Members([("Function", scope.Get(name).Value), ("Live", JsonPath.Text(function, "status.liveVersion"))]);
            }
            else
            {
                scope.Results.Document(function);
            }

            return ExitCode.Ok;
        });
    }
}
