using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Functions;
using Virga.Core.Names;

namespace Virga.Cli;

/// <summary><c>virga invocation get ID</c>: what became of one call, and what it logged.</summary>
internal static class InvocationCommand
{
    public static Command Make(CommandFactory factory)
    {
        var id = new Argument<InvocationId>("ID")
        {
            Description = "The id, from the response header Virga-Invocation-Id",
            CustomParser = result =>
            {
                if (!InvocationId.TryParse(result.Tokens[0].Value, out var parsed))
                {
                    result.AddError($"'{ResourceName.Shorten(result.Tokens[0].Value)}' is no invocation id; it has {InvocationId.TextLength} letters and digits, as in the response header Virga-Invocation-Id.");
                }

                return parsed;
            },
        };
        var get = factory.Make("get", "Show one call: whose failure it was, its usage and its log", [id], async scope =>
        {
            var invocation = await scope.Client.GetInvocationAsync(scope.Get(id), scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(invocation);
                return ExitCode.Ok;
            }

            var logs = (invocation["logs"] ?? invocation["lines"]) as JsonArray ?? [];
            var record = invocation.DeepClone().AsObject();
            record.Remove("logs");
            record.Remove("lines");
            scope.Results.Item(record);
            foreach (var line in logs.OfType<JsonObject>())
            {
                LogsCommand.Print(scope, line);
            }

            return ExitCode.Ok;
        });
        return CommandFactory.Group("invocation", "Look into single calls", get);
    }
}
