using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Virga.Cli.Top;

/// <summary><c>virga top</c>: a live view of what the node's functions and instances do.</summary>
internal static class TopCommand
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    public static Command Make(CommandFactory factory)
    {
        var once = new Option<bool>("--once") { Description = "Print it once instead of each second until Ctrl-C" };
        var sort = CommandFactory.ChoiceOption("--sort", "What the first function has most of [calls]", "calls", "cpu", "memory", "p99");
        var limit = CommandFactory.CountOption("--limit", "At most so many functions [20]", 1);
        return factory.Make("top", "Watch what functions and instances do", [once, sort, limit], async scope =>
        {
            var order = scope.Get(sort) switch { "cpu" => TopOrder.Cpu, "memory" => TopOrder.Memory, "p99" => TopOrder.P99, _ => TopOrder.Calls };
            var most = scope.Get(limit) ?? 20;
            if (scope.Get(once))
            {
                Print(await scope.Client.GetActivityAsync(scope.Cancellation), scope.Results.Document);
            }
            else if (scope.Results.IsTable && scope.Terminal.IsOutputInteractive)
            {
                await scope.Terminal.Console.Live(Text.Empty).Overflow(VerticalOverflow.Ellipsis).StartAsync(live => EachSecondAsync(scope, activity =>
                {
                    live.UpdateTarget(TopView.Draw(activity, order, most));
                    live.Refresh();
                }));
            }
            else
            {
                await EachSecondAsync(scope, activity => Print(activity, scope.Results.StreamItem));
            }

            return ExitCode.Ok;

            void Print(JsonObject activity, Action<JsonObject> printDocument)
            {
                if (scope.Results.IsTable)
                {
                    scope.Terminal.Console.Write(TopView.Draw(activity, order, most));
                }
                else
                {
                    printDocument(Trim(activity, order, scope.Get(limit)));
                }
            }
        });
    }

    // Ctrl-C is how it is meant to end.
    private static async Task EachSecondAsync(CommandScope scope, Action<JsonObject> show)
    {
        using var timer = new PeriodicTimer(Refresh, scope.Terminal.Time);
        try
        {
            do
            {
                show(await scope.Client.GetActivityAsync(scope.Cancellation));
            }
            while (await timer.WaitForNextTickAsync(scope.Cancellation));
        }
        catch (OperationCanceledException) when (scope.Cancellation.IsCancellationRequested)
        {
            return;
        }
    }

    // For programs: in the same order as for a person, but whole unless a limit is asked for.
    private static JsonObject Trim(JsonObject activity, TopOrder order, int? limit)
    {
        var functions = TopView.Sort(activity, order).Take(limit ?? int.MaxValue).Select(function => function.DeepClone());
        activity["functions"] = new JsonArray([.. functions]);
        return activity;
    }
}
