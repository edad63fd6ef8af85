using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;
using Virga.Cli.Client;

namespace Virga.Cli.Topics;

/// <summary><c>virga topic stats NAME</c>: what goes in and out, and how far each subscription is behind; live with <c>--watch</c>.</summary>
internal static class StatsCommand
{
    public static Command Make(CommandFactory factory)
    {
        var topic = TopicCommands.TopicArgument();
        var watch = new Option<bool>("--watch", "-w") { Description = "Go on each second until Ctrl-C" };
        return factory.Make("stats", "Print what goes through a topic, and the backlog of its subscriptions", [topic, watch], async scope =>
        {
            var client = new TopicsClient(scope.Client);
            if (!scope.Get(watch))
            {
                var stats = await client.GetAsync(scope.Get(topic), "stats", scope.Cancellation);
                if (scope.Results.IsTable)
                {
                    scope.Terminal.Console.Write(TopicStatsView.Draw(stats, []));
                }
                else
                {
                    scope.Results.Document(stats);
                }

                return ExitCode.Ok;
            }

            var history = new List<TopicRates>();
            if (scope.Results.IsTable && scope.Terminal.IsOutputInteractive)
            {
                await scope.Terminal.Console.Live(Text.Empty).Overflow(VerticalOverflow.Ellipsis).StartAsync(live => FollowAsync(scope, client, scope.Get(topic), history, (stats, _) =>
                {
                    live.UpdateTarget(TopicStatsView.Draw(stats, history));
                    live.Refresh();
                }));
            }
            else
            {
                await FollowAsync(scope, client, scope.Get(topic), history, (stats, rates) =>
                {
                    if (scope.Results.IsTable)
                    {
                        scope.Terminal.Out.WriteLine(TopicStatsView.Line(stats, rates));
                        scope.Terminal.Out.Flush();
                    }
                    else
                    {
                        scope.Results.StreamItem(stats);
                    }
                });
            }

            return ExitCode.Ok;
        });
    }

    // Ctrl-C is how it is meant to end.
    private static async Task FollowAsync(CommandScope scope, TopicsClient client, string topic, List<TopicRates> history, Action<JsonObject, TopicRates?> show)
    {
        JsonObject? before = null;
        try
        {
            await foreach (var stats in client.ReadAsync(topic, "stats", "?watch=1s", scope.Cancellation))
            {
                var rates = before is null ? null : TopicRates.Between(before, stats);
                if (rates is not null)
                {
                    history.Add(rates);
                    if (history.Count > TopicStatsView.Timeline)
                    {
                        history.RemoveAt(0);
                    }
                }

                show(stats, rates);
                before = stats;
            }
        }
        catch (OperationCanceledException) when (scope.Cancellation.IsCancellationRequested)
        {
            return;
        }
    }
}
