using System.CommandLine;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn instances NAME</c>.</summary>
internal static class InstancesCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        return factory.Make("instances", "List a function's running instances", [name], async scope =>
        {
            var answer = await scope.Client.GetFunctionPartAsync(scope.Get(name), "instances", scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(answer);
                return ExitCode.Ok;
            }

            scope.Results.List(
                answer["items"]?.AsArray() ?? [],
                "No instance runs; the next call starts one.",
                Column.At("ID", "id"),
                Column.At("VERSION", "version"),
                Column.At("STATE", "state"),
                Column.At("CALLS", "calls"),
                Column.At("IN FLIGHT", "inFlight"),
                Column.At("PID", "pid"),
                Column.At("MEMORY", "memory"),
                Column.At("STARTED", "startedAt"));
            if (JsonPath.Text(answer, "queued") is { } queued and not "0")
            {
                scope.Note($"{queued} calls wait for an instance.");
            }

            return ExitCode.Ok;
        });
    }
}
