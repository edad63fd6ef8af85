using System.CommandLine;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn describe NAME</c>: what a function is, and what keeps it from being called.</summary>
internal static class DescribeCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("describe", "Tell how a function is, and why it cannot be called", [name], async scope =>
        {
            scope.Results.Item(await scope.Client.GetFunctionPartAsync(scope.Get(name), "describe", scope.Cancellation));
            return ExitCode.Ok;
        });
    }
}
