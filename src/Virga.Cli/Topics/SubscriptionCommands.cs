using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;

namespace Virga.Cli.Topics;

/// <summary><c>virga topic seek|unsubscribe</c>.</summary>
internal static class SubscriptionCommands
{
    public static Command Seek(CommandFactory factory)
    {
        var topic = TopicCommands.TopicArgument();
        var subscription = SubscriptionOption();
        var to = new Option<string>("--to") { Description = "earliest, latest, a message's id, a time such as 2030-01-31T12:00:00Z, or a duration back such as 10m", HelpName = "PLACE", Required = true };
        return factory.Make("seek", "Move a subscription: what is behind the place is delivered again", [topic, subscription, to], async scope =>
        {
            var answer = await new TopicsClient(scope.Client).PostAsync(
                scope.Get(topic), $"subscriptions/{Uri.EscapeDataString(scope.Get(subscription)!)}/seek", new JsonObject { ["to"] = scope.Get(to) }, scope.Cancellation);
            return TopicCommands.Tell(scope, answer, $"The subscription {scope.Get(subscription)} goes on at {Places(answer) ?? scope.Get(to)}.");
        });
    }

    public static Command Unsubscribe(CommandFactory factory)
    {
        var topic = TopicCommands.TopicArgument();
        var subscription = SubscriptionOption();
        var force = new Option<bool>("--force") { Description = "Also while it has consumers" };
        return factory.Make("unsubscribe", "Delete a subscription: what it has not acknowledged is not kept for it any more", [topic, subscription, force], async scope =>
        {
            var answer = await new TopicsClient(scope.Client).UnsubscribeAsync(scope.Get(topic), scope.Get(subscription)!, scope.Get(force), scope.Cancellation);
            return TopicCommands.Tell(scope, answer, $"Deleted the subscription {scope.Get(subscription)}.");
        });
    }

    // Where each part stands now, which is not where it was sent when nothing is there; null where the node does not say it.
    private static string? Places(JsonObject answer)
    {
        var parts = (answer["parts"] as JsonArray ?? []).OfType<JsonObject>().Where(static part => part["next"] is not null).ToList();
        return parts.Count == 0 ? null : string.Join(", ", parts.Select(static part => TopicRates.Number(part, "backlog") switch
        {
            0 => $"{part["next"]}, which is published next",
            1 => $"{part["next"]} with 1 entry to come",
            var backlog => $"{part["next"]} with {backlog:0} entries to come",
        }));
    }

    private static Option<string> SubscriptionOption() => new("--subscription", "-s") { Description = "The subscription", HelpName = "NAME", Required = true };
}
