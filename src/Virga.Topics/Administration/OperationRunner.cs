using System.Text.Json.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Administration;

/// <summary>Carries out operations on topics that this node owns. Arguments and results are JSON: they come from other nodes too.</summary>
internal sealed class OperationRunner(TopicBroker broker, TimeProvider time)
{
    /// <summary>Carries one out.</summary>
    public async ValueTask<JsonObject> RunAsync(TopicName name, TopicOperation operation, JsonObject arguments, CancellationToken cancellation)
    {
        var topic = await broker.GetAsync(name, TopicCreation.Never, cancellation);
        switch (operation)
        {
            case TopicOperation.Stats:
                return StatsDocument.Of(topic, broker.Self, time.GetUtcNow());
            case TopicOperation.Peek:
                return await PeekAsync(topic, arguments, cancellation);
            case TopicOperation.CreateSubscription:
                await topic.CreateSubscriptionAsync(Name(arguments), await StartAsync(topic, arguments, cancellation), [], cancellation);
                break;
            case TopicOperation.DeleteSubscription:
                await topic.UnsubscribeAsync(Name(arguments), arguments["force"]?.GetValue<bool>() == true, cancellation);
                break;
            case TopicOperation.Seek:
                return await SeekAsync(topic, arguments, cancellation);
            case TopicOperation.Skip:
                await Require(topic, arguments).SkipAsync(arguments["messages"]!.GetValue<long>(), cancellation);
                break;
            case TopicOperation.Clear:
                await Require(topic, arguments).ClearAsync(cancellation);
                break;
            case TopicOperation.Expire:
                await Require(topic, arguments).ExpireAsync(Time(arguments) ?? throw Missing("time"), cancellation);
                break;
            case TopicOperation.LastMessage:
                return new JsonObject { ["id"] = (await topic.LastMessageAsync(cancellation)).ToString() };
            case TopicOperation.Terminate:
                return new JsonObject { ["id"] = new MessageId(await topic.TerminateAsync(cancellation), name.Partition).ToString() };
            case TopicOperation.Compact:
                await topic.CompactAsync(cancellation);
                break;
            case TopicOperation.Truncate:
                await topic.TruncateAsync(cancellation);
                break;
            case TopicOperation.Unload:
                await topic.UnloadAsync(cancellation);
                break;
            default:
                throw new ProblemException(KnownProblems.InvalidRequest($"This node knows no operation {(int)operation} on topics.", "Let all nodes run the same version."));
        }

        return [];
    }

    private static async ValueTask<JsonObject> SeekAsync(Topic topic, JsonObject arguments, CancellationToken cancellation)
    {
        var subscription = Require(topic, arguments);
        var to = default(MessageId);
        if (Time(arguments) is { } at)
        {
            await subscription.SeekAsync(at, cancellation);
        }
        else
        {
            to = Id(arguments, "id");
            await subscription.SeekAsync(to, cancellation);
        }

        if (topic.Log is not { } log)
        {
            return [];
        }

        // Consumers may have come again already: it is where the subscription stands now, which is there or behind.
        var next = log.After(subscription.MarkDeleted);
        return new JsonObject { ["next"] = new MessageId(next, topic.Name.Partition, next == to.Position ? to.BatchIndex : -1).ToString(), ["backlog"] = subscription.Backlog };
    }

    private static async ValueTask<JsonObject> PeekAsync(Topic topic, JsonObject arguments, CancellationToken cancellation)
    {
        var from = arguments["name"] is not null ? Require(topic, arguments).MarkDeleted : Position.Earliest;
        var after = arguments["from"] is not null ? Id(arguments, "from").Position : (Position?)null;
        var count = arguments["count"]!.GetValue<int>();

        // What is acknowledged ends at an entry, which is not wanted again.
        IReadOnlyList<LogEntry> entries = await topic.PeekAsync(after ?? from, count + 1, cancellation);
        var found = new JsonArray();
        foreach (var entry in entries)
        {
            if ((after is not null || entry.Position > from) && found.Count < count)
            {
                found.Add(new JsonObject { ["id"] = entry.Position.ToString(), ["data"] = Convert.ToBase64String(entry.Data.Span) });
            }
        }

        return new JsonObject { ["entries"] = found };
    }

    private static async ValueTask<MessageId> StartAsync(Topic topic, JsonObject arguments, CancellationToken cancellation)
    {
        if (Time(arguments) is not { } at)
        {
            return Id(arguments, "start");
        }

        return topic.Log is { } log ? new MessageId(log.Before(await log.FindAsync(at, cancellation))) : new MessageId(Position.Latest);
    }

    private static Subscription Require(Topic topic, JsonObject arguments) => topic.Find(Name(arguments))
        ?? throw new ProblemException(KnownProblems.NotFound($"The topic '{topic.Name}' has no subscription '{Name(arguments)}'.", "See `virga topic stats`."));

    private static SubscriptionName Name(JsonObject arguments) => SubscriptionName.TryParse(arguments["name"]?.GetValue<string>(), out var name) ? name : throw Missing("name");

    private static MessageId Id(JsonObject arguments, string member) => OperationArguments.ReadId(arguments[member]?.GetValue<string>()) ?? throw Missing(member);

    private static DateTimeOffset? Time(JsonObject arguments) => arguments["time"] is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time.GetValue<long>()) : null;

    private static ProblemException Missing(string member) => new(KnownProblems.InvalidRequest($"The operation has no '{member}'.", "Let all nodes run the same version."));
}
