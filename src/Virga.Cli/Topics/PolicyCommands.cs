using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Cli.State;

namespace Virga.Cli.Topics;

/// <summary><c>virga topic policy get|set</c>: what holds for a topic, or for all of a namespace.</summary>
internal static class PolicyCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group("policy", "Retention, time to live, quotas and other rules of a topic or a namespace", Get(factory), Set(factory));

    private static Argument<string?> TopicArgument() =>
        new("NAME") { Description = "The topic [all of the namespace]", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => null };

    private static Command Get(CommandFactory factory)
    {
        var topic = TopicArgument();
        return factory.Make("get", "Print the policies of a topic or of the namespace", [topic], async scope =>
        {
            scope.Results.Item(await new TopicsClient(scope.Client).GetPoliciesAsync(scope.Get(topic), scope.Cancellation));
            return ExitCode.Ok;
        });
    }

    private static Command Set(CommandFactory factory)
    {
        var topic = TopicArgument();
        var policies = new Option<string>("--policies", "-p") { Description = "JSON such as {\"ttlSeconds\":86400}, @FILE, or - for standard input; null takes one away", HelpName = "JSON", Required = true };
        return factory.Make("set", "Change policies of a topic or of the namespace", [topic, policies], async scope =>
        {
            var bytes = await ValueText.ReadAsync(scope, scope.Get(policies)!, " in --policies");
            JsonObject document;
            try
            {
                document = JsonNode.Parse(bytes) as JsonObject ?? throw new UsageException("The policies are no JSON object.", "Write them as {\"ttlSeconds\":86400}.");
            }
            catch (JsonException e)
            {
                throw new UsageException($"The policies are no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", "Write them as {\"ttlSeconds\":86400}.");
            }

            scope.Results.Item(await new TopicsClient(scope.Client).SetPoliciesAsync(scope.Get(topic), document, scope.Cancellation));
            return ExitCode.Ok;
        });
    }
}
