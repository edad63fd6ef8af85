using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Output;

namespace Virga.Cli.Topics;

/// <summary>The commands about topics: <c>virga topic …</c>.</summary>
internal static class TopicCommands
{
    private const int PageSize = 500;

    public static Command Make(CommandFactory factory) => CommandFactory.Group(
        "topic",
        "Publish messages, consume them, and look after topics",
        Create(factory),
        Grow(factory),
        List(factory),
        Get(factory),
        PublishCommand.Make(factory),
        ConsumeCommand.Make(factory),
        PeekCommand.Make(factory),
        StatsCommand.Make(factory),
        SubscriptionCommands.Seek(factory),
        SubscriptionCommands.Unsubscribe(factory),
        PolicyCommands.Make(factory),
        Compact(factory),
        Terminate(factory),
        Delete(factory));

    /// <summary>The argument that names a topic.</summary>
    public static Argument<string> TopicArgument() => new("NAME") { Description = "The topic: NAME in the tenant and namespace of the options, TENANT/NAMESPACE/NAME, or with persistent:// or non-persistent:// before that" };

    /// <summary>Prints an answer as the user wants it: a sentence for a person, the document for a program.</summary>
    public static int Tell(CommandScope scope, JsonObject answer, string sentence)
    {
        if (scope.Results.IsTable)
        {
            scope.Note(sentence);
        }
        else
        {
            scope.Results.Document(answer);
        }

        return ExitCode.Ok;
    }

    private static Command Create(CommandFactory factory)
    {
        var topic = TopicArgument();
        var partitions = CommandFactory.CountOption("--partitions", "How many partitions it has [none: one sequence of messages]", 1);
        return factory.Make("create", "Make a topic", [topic, partitions], async scope =>
        {
            var answer = await new TopicsClient(scope.Client).CreateAsync(scope.Get(topic), scope.Get(partitions), scope.Cancellation);
            return Tell(scope, answer, $"Made {answer["topic"]}{(scope.Get(partitions) is { } count ? $" with {count} partitions" : "")}.");
        });
    }

    private static Command Grow(CommandFactory factory)
    {
        var topic = TopicArgument();
        var partitions = CommandFactory.CountArgument("PARTITIONS", "How many partitions it has then", 1);
        return factory.Make("grow", "Give a partitioned topic more partitions", [topic, partitions], async scope =>
        {
            var answer = await new TopicsClient(scope.Client).GrowAsync(scope.Get(topic), scope.Get(partitions), scope.Cancellation);
            return Tell(scope, answer, $"{answer["topic"]} has {answer["partitions"]} partitions.");
        });
    }

    private static Command List(CommandFactory factory)
    {
        var prefix = new Argument<string?>("PREFIX") { Description = "Only topics whose names begin with this", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => null };
        var limit = CommandFactory.CountOption("--limit", "At most so many topics [all]", 1);
        return factory.Make("list", "List topics", [prefix, limit], async scope =>
        {
            var client = new TopicsClient(scope.Client);
            var most = scope.Get(limit) ?? int.MaxValue;
            var all = new JsonArray();
            string? after = null;
            do
            {
                var page = await client.ListAsync(scope.Get(prefix), after, Math.Min(PageSize, most - all.Count), scope.Cancellation);
                foreach (var item in page["items"]?.AsArray() ?? [])
                {
                    all.Add(item?.DeepClone());
                }

                after = page["next"]?.ToString();
            }
            while (after is not null && all.Count < most);
            scope.Results.List(all, scope.Get(prefix) is { } start ? $"There are no topics whose names begin with '{start}'." : "No topics yet. Make one: virga topic create NAME", Column.At("NAME", "name"), Column.At("PARTITIONS", "partitions"), Column.At("DOMAIN", "domain"), Column.At("TOPIC", "topic"));
            return ExitCode.Ok;
        });
    }

    private static Command Get(CommandFactory factory)
    {
        var topic = TopicArgument();
        return factory.Make("get", "Print what a topic is", [topic], async scope =>
        {
            scope.Results.Item(await new TopicsClient(scope.Client).GetAsync(scope.Get(topic), "", scope.Cancellation));
            return ExitCode.Ok;
        });
    }

    private static Command Compact(CommandFactory factory)
    {
        var topic = TopicArgument();
        return factory.Make("compact", "Keep a copy of a topic with the last message of each key alone", [topic], async scope =>
        {
            var answer = await new TopicsClient(scope.Client).PostAsync(scope.Get(topic), "compaction", [], scope.Cancellation);
            return Tell(scope, answer, $"Compacted {answer["topic"]}.");
        });
    }

    private static Command Terminate(CommandFactory factory)
    {
        var topic = TopicArgument();
        return factory.Make("terminate", "End a topic: nothing is published to it any more", [topic], async scope =>
        {
            var answer = await new TopicsClient(scope.Client).PostAsync(scope.Get(topic), "terminate", [], scope.Cancellation);
            return Tell(scope, answer, $"Ended {answer["topic"]}; what it has can be consumed.");
        });
    }

    private static Command Delete(CommandFactory factory)
    {
        var topic = TopicArgument();
        var force = new Option<bool>("--force") { Description = "Also while producers or consumers are connected" };
        return factory.Make("delete", "Delete a topic with its messages and subscriptions", [topic, force], async scope =>
        {
            var answer = await new TopicsClient(scope.Client).DeleteAsync(scope.Get(topic), scope.Get(force), scope.Cancellation);
            return Tell(scope, answer, $"Deleted {answer["topic"]}.");
        });
    }
}
