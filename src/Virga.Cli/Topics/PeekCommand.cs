using System.CommandLine;
using System.Globalization;
using Virga.Cli.Client;

namespace Virga.Cli.Topics;

/// <summary><c>virga topic peek NAME</c>: prints messages without consuming them.</summary>
internal static class PeekCommand
{
    public static Command Make(CommandFactory factory)
    {
        var topic = TopicCommands.TopicArgument();
        var subscription = new Option<string?>("--subscription", "-s") { Description = "Those that this subscription has not acknowledged [the oldest that are kept]", HelpName = "NAME" };
        var count = CommandFactory.CountOption("--count", "At most so many messages [10]", 1);
        return factory.Make("peek", "Print messages without consuming them", [topic, subscription, count], async scope =>
        {
            var query = QueryText.Of(("subscription", scope.Get(subscription)), ("count", (scope.Get(count) ?? 10).ToString(CultureInfo.InvariantCulture)));
            var any = false;
            await foreach (var message in new TopicsClient(scope.Client).ReadAsync(scope.Get(topic), "peek", query, scope.Cancellation))
            {
                any = true;
                await MessagePrinter.PrintAsync(scope, message);
            }

            if (!any)
            {
                scope.Note("There are no messages.");
            }

            return ExitCode.Ok;
        });
    }
}
