using System.Text.Json.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Clients.Serving.Links;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Administration;

/// <summary>
/// Looks after topics wherever they are owned, with all their partitions: what the HTTP APIs and the command line use. What it gives of topics is JSON, in the form of <c>docs/topics.md</c>.
/// </summary>
public sealed class TopicAdministration
{
    private readonly TopicBroker _broker;
    private readonly TopicLink _link;
    private readonly OperationRunner _runner;

    internal TopicAdministration(TopicBroker broker, TopicLink link, TimeProvider time)
    {
        (_broker, _link, _runner) = (broker, link, new OperationRunner(broker, time));
        link.Operations = _runner;
    }

    /// <summary>The topic's parts: its partitions, or itself where it has none.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async ValueTask<IReadOnlyList<TopicName>> PartsAsync(TopicName topic, CancellationToken cancellation)
    {
        var partitions = await _broker.PartitionsAsync(topic, TopicCreation.Never, cancellation)
            ?? throw new ProblemException(KnownProblems.NotFound($"There is no topic '{topic}'.", "See `virga topic list`, or make it with `virga topic create`."));
        var parts = new TopicName[Math.Max(1, partitions)];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = partitions == 0 ? topic : topic.OfPartition(i);
        }

        return parts;
    }

    /// <summary>How a topic stands: its parts together.</summary>
    public async ValueTask<JsonObject> StatsAsync(TopicName topic, CancellationToken cancellation)
    {
        var all = await RunAsync(topic, TopicOperation.Stats, static () => [], cancellation);
        return all is [var (only, single)] && only == topic ? single : StatsDocument.Merge(topic, [.. all.Select(static part => part.Result)]);
    }

    /// <summary>How each part stands.</summary>
    public async ValueTask<IReadOnlyList<(TopicName Part, JsonObject Stats)>> PartStatsAsync(TopicName topic, CancellationToken cancellation) =>
        await RunAsync(topic, TopicOperation.Stats, static () => [], cancellation);

    /// <summary>Entries that a subscription has not acknowledged, or the oldest that are kept.</summary>
    /// <param name="topic">The topic; of its parts the first that has any.</param>
    /// <param name="subscription">Whose; null for what is kept.</param>
    /// <param name="from">Beginning here; null for at the beginning.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="cancellation">Breaks off.</param>
    public async ValueTask<IReadOnlyList<(TopicName Part, DeliveredEntry Entry)>> PeekAsync(TopicName topic, SubscriptionName? subscription, MessageId? from, int count, CancellationToken cancellation)
    {
        var found = new List<(TopicName, DeliveredEntry)>();
        foreach (var part in await PartsAsync(topic, cancellation))
        {
            if (found.Count >= count || (from is { Partition: >= 0 } id && part.Partition >= 0 && part.Partition != id.Partition))
            {
                continue;
            }

            var arguments = subscription is { } name ? OperationArguments.Of(name) : [];
            arguments["count"] = count - found.Count;
            if (from is { } start)
            {
                arguments["from"] = start.ToString();
            }

            var answer = await RunOneAsync(part, TopicOperation.Peek, arguments, cancellation);
            foreach (var entry in answer["entries"]?.AsArray() ?? [])
            {
                if (MessageId.TryParse(entry?["id"]?.GetValue<string>(), out var at) && entry["data"] is { } data)
                {
                    var bytes = Convert.FromBase64String(data.GetValue<string>());
                    found.Add((part, new DeliveredEntry(at.Position, bytes, MessageCodec.TryReadHeader(bytes, out var header) ? header.Messages : 1, 0, null)));
                }
            }
        }

        return found;
    }

    /// <summary>Makes a subscription in all parts.</summary>
    /// <exception cref="ProblemException"><c>conflict</c>: it exists; <c>not-found</c>.</exception>
    public async ValueTask CreateSubscriptionAsync(TopicName topic, SubscriptionName subscription, MessageId start, DateTimeOffset? startAt, CancellationToken cancellation) =>
        await RunAsync(topic, TopicOperation.CreateSubscription, () => OperationArguments.Place(subscription, "start", start, startAt), cancellation);

    /// <summary>Ends a subscription in all parts.</summary>
    public async ValueTask DeleteSubscriptionAsync(TopicName topic, SubscriptionName subscription, bool force, CancellationToken cancellation) => await RunWhereKnownAsync(topic, TopicOperation.DeleteSubscription, () =>
    {
        var arguments = OperationArguments.Of(subscription);
        arguments["force"] = force;
        return arguments;
    }, cancellation);

    /// <summary>
    /// Moves a subscription: in all parts to a time or an end; to a message in its partition alone. An id that the topic does not have (any more, yet, or at all) stands for the next one that it has: as in
    /// Pulsar, none is refused for that.
    /// </summary>
    /// <returns>Of each part that was moved where it goes on: <c>next</c>, the id of the next message or of the one that is published next, and <c>backlog</c>, how many entries there are to come.</returns>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>invalid-request</c>: the id is in no partition that the topic has.</exception>
    public async ValueTask<IReadOnlyList<(TopicName Part, JsonObject Result)>> SeekAsync(TopicName topic, SubscriptionName subscription, MessageId to, DateTimeOffset? toTime, CancellationToken cancellation)
    {
        var isOfOne = toTime is null && to.Position != Position.Earliest && to.Position != Position.Latest;
        var parts = await PartsAsync(topic, cancellation);
        var moved = new List<(TopicName, JsonObject)>();
        foreach (var part in parts)
        {
            if (!isOfOne || !part.IsPartition || to.Partition == part.Partition || topic == part)
            {
                moved.Add((part, await RunOneAsync(part, TopicOperation.Seek, OperationArguments.Place(subscription, "id", to, toTime), cancellation)));
            }
        }

        return moved.Count > 0 ? moved : throw new ProblemException(KnownProblems.InvalidRequest(
            to.Partition < 0 ? $"'{topic}' has {parts.Count} partitions, and '{to}' does not say which of them it is in." : $"'{topic}' has no partition {to.Partition}: they are 0 to {parts.Count - 1}.",
            $"Write the message's id with its partition, such as '{to.Position}:0', or name the partition, such as '{topic.OfPartition(0)}'."));
    }

    /// <summary>Acknowledges so many entries of a subscription unread, in each part; everything where the number is null.</summary>
    public async ValueTask SkipAsync(TopicName topic, SubscriptionName subscription, long? messages, CancellationToken cancellation) => await RunWhereKnownAsync(
        topic,
        messages is null ? TopicOperation.Clear : TopicOperation.Skip,
        () =>
        {
            var arguments = OperationArguments.Of(subscription);
            arguments["messages"] = messages;
            return arguments;
        },
        cancellation);

    /// <summary>Acknowledges what was published before a time.</summary>
    public async ValueTask ExpireAsync(TopicName topic, SubscriptionName subscription, DateTimeOffset publishedBefore, CancellationToken cancellation) =>
        await RunWhereKnownAsync(topic, TopicOperation.Expire, () => OperationArguments.Place(subscription, "id", default, publishedBefore), cancellation);

    /// <summary>The last message of a topic or partition.</summary>
    public async ValueTask<MessageId> LastMessageAsync(TopicName part, CancellationToken cancellation) =>
        OperationArguments.ReadId((await RunOneAsync(part, TopicOperation.LastMessage, [], cancellation))["id"]?.GetValue<string>()) ?? default;

    /// <summary>Ends a topic in all parts; gives the last message of each.</summary>
    public async ValueTask<IReadOnlyList<MessageId>> TerminateAsync(TopicName topic, CancellationToken cancellation)
    {
        var ends = await RunAsync(topic, TopicOperation.Terminate, static () => [], cancellation);
        return [.. ends.Select(static end => OperationArguments.ReadId(end.Result["id"]?.GetValue<string>()) ?? default)];
    }

    /// <summary>Compacts all parts; completes when that is done.</summary>
    public async ValueTask CompactAsync(TopicName topic, CancellationToken cancellation) => await RunAsync(topic, TopicOperation.Compact, static () => [], cancellation);

    /// <summary>Removes the messages of all parts.</summary>
    public async ValueTask TruncateAsync(TopicName topic, CancellationToken cancellation) => await RunAsync(topic, TopicOperation.Truncate, static () => [], cancellation);

    /// <summary>Takes all parts out of their owners' memory.</summary>
    public async ValueTask UnloadAsync(TopicName topic, CancellationToken cancellation) => await RunAsync(topic, TopicOperation.Unload, static () => [], cancellation);

    private async ValueTask<IReadOnlyList<(TopicName Part, JsonObject Result)>> RunAsync(TopicName topic, TopicOperation operation, Func<JsonObject> arguments, CancellationToken cancellation)
    {
        var results = new List<(TopicName, JsonObject)>();
        foreach (var part in await PartsAsync(topic, cancellation))
        {
            results.Add((part, await RunOneAsync(part, operation, arguments(), cancellation)));
        }

        return results;
    }

    // A subscription may be missing in partitions that came later: only where no part has it is that a problem.
    private async ValueTask RunWhereKnownAsync(TopicName topic, TopicOperation operation, Func<JsonObject> arguments, CancellationToken cancellation)
    {
        var (any, missing) = (false, (ProblemException?)null);
        foreach (var part in await PartsAsync(topic, cancellation))
        {
            try
            {
                await RunOneAsync(part, operation, arguments(), cancellation);
                any = true;
            }
            catch (ProblemException e) when (e.Problem.Slug == "not-found")
            {
                missing = e;
            }
        }

        if (!any && missing is not null)
        {
            throw missing;
        }
    }

    // As text in between here too, so that numbers are read as they are from other nodes.
    private async ValueTask<JsonObject> RunOneAsync(TopicName part, TopicOperation operation, JsonObject arguments, CancellationToken cancellation) => _broker.IsMine(part)
        ? (JsonObject)JsonNode.Parse((await _runner.RunAsync(part, operation, arguments, cancellation)).ToJsonString())!
        : await _link.RunAsync(_broker.OwnerOf(part), part, operation, arguments, cancellation);
}
