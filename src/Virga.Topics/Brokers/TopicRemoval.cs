using System.Text;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Schemas;
using Virga.Topics.Subscriptions;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Brokers;

/// <summary>
/// Deletes topics. What is in a topic is deleted by its owner, which takes it out of memory first; the record of a partitioned topic goes before its partitions, so that nobody makes one of them again. What a crash
/// leaves half done has no record that names it: ledgers are found as orphans, cursors when the topic is deleted again.
/// </summary>
internal sealed class TopicRemoval(TopicBroker broker, TopicServices services, TopicCatalogue catalogue, INodeLink link)
{
    private const int PageSize = 500;
    private const byte AskInUse = 1;
    private const byte Delete = 2;
    private const byte Free = 0;
    private const byte InUse = 1;
    private const byte NotMine = 2;
    private const byte Failed = 3;

    public async ValueTask DeleteAsync(TopicName topic, bool force, CancellationToken cancellation)
    {
        var (record, version) = await catalogue.FindAsync(topic, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no topic '{topic}'.", "See `virga topic list`."));
        if (record.Partitions == 0)
        {
            await CarryOutAsync(topic, force ? Delete : AskInUse, cancellation);
            if (!force)
            {
                await CarryOutAsync(topic, Delete, cancellation);
            }
        }
        else
        {
            for (var i = 0; i < record.Partitions && !force; i++)
            {
                await CarryOutAsync(topic.OfPartition(i), AskInUse, cancellation);
            }

            try
            {
                await services.Metadata.WriteAsync([new MetadataWrite(TopicRecord.KeyOf(topic), null, version)], cancellation);
            }
            catch (MetadataConflictException e)
            {
                throw new ProblemException(KnownProblems.Conflict($"'{topic}' is being changed by somebody else.", "Try again."), e);
            }

            for (var i = 0; i < record.Partitions; i++)
            {
                await CarryOutAsync(topic.OfPartition(i), Delete, cancellation);
            }
        }

        await services.Metadata.WriteAsync(
            [new MetadataWrite(SchemaBook.KeyOf(topic), null, null), new MetadataWrite(PolicyOwner.OfTopic(topic).Key, null, null)], cancellation);
    }

    /// <summary>Does here what another node asks for.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(NodeName sender, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var task = body.Span[0];
        if (!TopicName.TryParse(Encoding.UTF8.GetString(body.Span[1..]), Scope.Default, out var topic))
        {
            return new byte[] { Failed };
        }

        return new[] { await DoAsync(topic, task, cancellation) };
    }

    private async ValueTask CarryOutAsync(TopicName topic, byte task, CancellationToken cancellation)
    {
        var owner = broker.OwnerOf(topic);
        byte answer;
        if (owner == link.Self)
        {
            answer = await DoAsync(topic, task, cancellation);
        }
        else
        {
            try
            {
                var body = new byte[Encoding.UTF8.GetMaxByteCount(topic.ToString().Length) + 1];
                body[0] = task;
                var length = Encoding.UTF8.GetBytes(topic.ToString(), body.AsSpan(1)) + 1;
                answer = (await link.AskAsync(owner, NodeTopic.TopicAdmin, body.AsMemory(0, length), cancellation)).Span[0];
            }
            catch (NodeUnreachableException e)
            {
                throw new ProblemException(KnownProblems.TopicMoved($"'{topic}' belongs to the node '{owner}', which cannot be reached: {e.Message}", owner), e);
            }
        }

        switch (answer)
        {
            case Free:
                return;
            case InUse:
                throw new ProblemException(KnownProblems.Conflict($"'{topic}' has producers or consumers.", "Disconnect them, or delete it with force."));
            default:
                throw new ProblemException(KnownProblems.TopicMoved($"'{topic}' is changing its owner.", owner));
        }
    }

    private async ValueTask<byte> DoAsync(TopicName topic, byte task, CancellationToken cancellation)
    {
        if (!broker.IsMine(topic))
        {
            return NotMine;
        }

        if (task == AskInUse)
        {
            return await broker.FindAsync(topic, cancellation) is { IsHeld: true } ? InUse : Free;
        }

        await DeleteHereAsync(topic, cancellation);
        return Free;
    }

    /// <summary>Deletes what this node has of a topic.</summary>
    public async ValueTask DeleteHereAsync(TopicName topic, CancellationToken cancellation)
    {
        TopicSlot? slot;
        while ((slot = broker.Occupy(topic)) is null)
        {
            if (await broker.FindAsync(topic, cancellation) is { } open)
            {
                await open.CloseAsync(CloseReason.Deleted).WaitAsync(cancellation);
            }
            else
            {
                await Task.Yield();
            }
        }

        try
        {
            await EraseAsync(topic, cancellation);
        }
        finally
        {
            broker.Vacate(topic, slot);
        }
    }

    // The record first: without it nothing else is reachable.
    private async ValueTask EraseAsync(TopicName topic, CancellationToken cancellation)
    {
        if (await catalogue.FindAsync(topic, cancellation) is { } found)
        {
            LedgerId[] ledgers = [.. found.Record.Ledgers.Select(static ledger => ledger.Id).Append(found.Record.Compaction?.Ledger ?? -1).Where(static ledger => ledger >= 0).Select(static ledger => new LedgerId(ledger))];
            await services.Metadata.WriteAsync(
                [new MetadataWrite(TopicRecord.KeyOf(topic), null, null), new MetadataWrite(Deduplication.KeyOf(topic), null, null), .. services.Logs.Unnamed.Dropping(ledgers)], cancellation);
            foreach (var ledger in ledgers)
            {
                await services.Logs.Unnamed.DeleteAsync(ledger, cancellation);
            }
        }

        var prefix = CursorRecord.PrefixOf(topic);
        while (await services.Metadata.ListAsync(prefix, null, PageSize, cancellation) is { Count: > 0 } cursors)
        {
            await services.Metadata.WriteAsync([.. cursors.Select(static cursor => new MetadataWrite(cursor.Key, null, null))], cancellation);
        }
    }
}
