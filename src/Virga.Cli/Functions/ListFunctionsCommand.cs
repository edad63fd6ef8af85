using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn list</c>.</summary>
internal static class ListFunctionsCommand
{
    public static Command Make(CommandFactory factory) => factory.Make("list", "List the functions of the namespace", [], async scope =>
    {
        scope.Results.List(
            await scope.Client.ListAsync(ResourceKind.Function, scope.Cancellation),
            "No functions yet. Deploy one: virga fn deploy PATH --name NAME",
            Column.At("NAME", "name"),
            Column.At("ENVIRONMENT", "spec.environment"),
            Column.At("LIVE", "status.liveVersion"),
            Column.At("MEMORY", "spec.memory"),
            Column.At("TIMEOUT", "spec.timeout"),
            Column.At("CONCURRENCY", "spec.concurrency"),
            Column.At("UPDATED", "updatedAt"));
        return ExitCode.Ok;
    });
}
