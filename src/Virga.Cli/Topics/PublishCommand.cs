using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Cli.State;

namespace Virga.Cli.Topics;

/// <summary><c>virga topic publish NAME MESSAGE</c>.</summary>
internal static class PublishCommand
{
    public static Command Make(CommandFactory factory)
    {
        var topic = TopicCommands.TopicArgument();
        var message = new Argument<string?>("MESSAGE") { Description = "The message: a text, @FILE, or - for standard input", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => null };
        var key = new Option<string?>("--key", "-k") { Description = "Its key: chooses the partition, keeps the order among messages of the key", HelpName = "KEY" };
        var properties = CommandFactory.PairsOption("--property", "A property of the message; may be given again");
        var delay = CommandFactory.DurationOption("--delay", "Deliver it after this time, to shared subscriptions");
        var file = new Option<string?>("--file", "-f") { Description = "Read the message from this file; - for standard input", HelpName = "FILE" };
        var lines = new Option<bool>("--lines") { Description = "A message for each line, which is JSON such as {\"key\":\"a\",\"value\":{\"n\":1}}" };
        return factory.Make("publish", "Publish a message", [topic, message, key, properties, delay, file, lines], async scope =>
        {
            var text = (scope.Get(message), scope.Get(file)) switch
            {
                (null, null) => throw new UsageException("There is no message.", "Give it behind the topic's name, or --file FILE."),
                (not null, not null) => throw new UsageException("There are two messages.", "Give it behind the topic's name or with --file, not both."),
                (null, "-") => "-",
                (null, { } path) => "@" + path,
                ({ } given, null) => given,
            };
            var payload = await ValueText.ReadAsync(scope, text);
            var client = new TopicsClient(scope.Client);
            if (scope.Get(lines))
            {
                using var stream = new MemoryStream(payload);
                var published = await client.PublishLinesAsync(scope.Get(topic), stream, scope.Cancellation);
                return TopicCommands.Tell(scope, published, $"Published {published["messages"]} messages.");
            }

            var headers = new List<(string, string)>();
            if (scope.Get(key) is { } keyText)
            {
                headers.Add(("Virga-Key", Uri.EscapeDataString(keyText)));
            }

            foreach (var (name, value) in scope.Get(properties) ?? [])
            {
                headers.Add(("Virga-Property", $"{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}"));
            }

            if (scope.Get(delay) is { } time)
            {
                headers.Add(("Virga-Deliver-After", time.ToString()));
            }

            var answer = await client.PublishAsync(scope.Get(topic), payload, headers, scope.Cancellation);
            return TopicCommands.Tell(scope, answer, $"Published {answer["id"]}.");
        });
    }
}
