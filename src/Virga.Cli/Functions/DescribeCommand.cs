using System.CommandLine;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn describe NAME</c>: what a function is, and what keeps it from being called.</summary>
internal static class DescribeCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("describe", "Tell how a function is, and why it cannot be called", [name], async scope =>
        {
            var answer = await scope.Client.GetFunctionPartAsync(scope.Get(name), "describe", scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(answer);
                return ExitCode.Ok;
            }

            var checks = answer["checks"]?.AsArray() ?? [];
            answer.Remove("checks");
            scope.Results.Item(answer);
            scope.Results.List(
                checks,
                "Nothing was checked.",
                Column.At("CHECK", "name"),
                Column.At("OK", "ok"),
                Column.At("DETAIL", "detail"),
                Column.At("FIX", "fix"));
            return ExitCode.Ok;
        });
    }
}
