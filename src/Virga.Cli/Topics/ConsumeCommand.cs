using System.CommandLine;
using System.Globalization;
using Virga.Cli.Client;

namespace Virga.Cli.Topics;

/// <summary><c>virga topic consume NAME --subscription S</c>: prints messages as they come.</summary>
internal static class ConsumeCommand
{
    public static Command Make(CommandFactory factory)
    {
        var topic = TopicCommands.TopicArgument();
        var subscription = new Option<string?>("--subscription", "-s") { Description = "Consume for this subscription, which remembers what was consumed [none: only read]", HelpName = "NAME" };
        var type = CommandFactory.ChoiceOption("--type", "How the subscription is shared [exclusive]", "exclusive", "shared", "failover", "key_shared");
        var from = new Option<string?>("--from") { Description = "Where a new subscription begins: earliest, latest, a message's id or a time [latest]", HelpName = "PLACE" };
        var count = CommandFactory.CountOption("--count", "End after so many messages [go on until Ctrl-C]", 1);
        return factory.Make("consume", "Print messages as they come, and acknowledge them", [topic, subscription, type, from, count], async scope =>
        {
            var query = QueryText.Of(
                ("subscription", scope.Get(subscription)),
                ("type", scope.Get(type)),
                ("from", scope.Get(from)),
                ("count", scope.Get(count)?.ToString(CultureInfo.InvariantCulture)));
            var left = scope.Get(count) ?? long.MaxValue;
            try
            {
                await foreach (var message in new TopicsClient(scope.Client).ReadAsync(scope.Get(topic), "messages", query, scope.Cancellation))
                {
                    await MessagePrinter.PrintAsync(scope, message);
                    left--;
                }

                if (left > 0)
                {
                    scope.Note("The topic has ended: nothing is published to it any more, and these were all of its messages.");
                }
            }
            catch (OperationCanceledException) when (scope.Cancellation.IsCancellationRequested && scope.Get(count) is null)
            {
                // Ctrl-C is how it is meant to end.
                return ExitCode.Ok;
            }

            return ExitCode.Ok;
        });
    }
}
