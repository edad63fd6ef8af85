using Virga.Core.Problems;
using Virga.Topics.Ledgers;
using Virga.Topics.Logs;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Brokers;

/// <content>How a topic comes into memory.</content>
public sealed partial class TopicBroker
{
    private async Task FillAsync(TopicName name, TopicCreation creation, TopicSlot slot)
    {
        Topic? topic = null;
        try
        {
            topic = await BringAsync(name, creation);
            if (topic is null)
            {
                _slots.TryRemove(new KeyValuePair<TopicName, TopicSlot>(name, slot));
            }

            slot.Open(topic);
            if (topic is not null)
            {
                Opened?.Invoke(topic);
            }
        }
        catch (Exception e)
        {
            _slots.TryRemove(new KeyValuePair<TopicName, TopicSlot>(name, slot));
            slot.Fail(Translate(name, e));
        }

        if (topic is not null && (_isStopping || !IsMine(name)))
        {
            await topic.CloseAsync(CloseReason.Moved);
        }
    }

    private async ValueTask<Topic?> BringAsync(TopicName name, TopicCreation creation)
    {
        var policies = _services.Policies.Of(name);
        if (!name.IsPersistent)
        {
            return await ExistsAsync(name, creation) ? new Topic(this, name, _services, null, null, policies) : null;
        }

        var log = await TopicLog.OpenAsync(name, _services.Logs, CancellationToken.None);
        if (log is null)
        {
            if (!await ExistsAsync(name, creation))
            {
                return null;
            }

            // A partition's record is written when it is first used; another topic's was just written.
            log = await TopicLog.CreateAsync(name, new TopicRecord(), _services.Logs, CancellationToken.None) ?? await TopicLog.OpenAsync(name, _services.Logs, CancellationToken.None);
            if (log is null)
            {
                return null;
            }
        }

        try
        {
            var deduplication = policies.Deduplication == true ? await Deduplication.OpenAsync(log, _services.Logs, CancellationToken.None) : null;
            var topic = new Topic(this, name, _services, log, deduplication, policies);
            await topic.Subscriptions.OpenAsync(CancellationToken.None);

            // Before anybody can publish: from the first message on it is known what the other clusters are to get.
            await topic.Replication.ReconcileAsync(CancellationToken.None);
            return topic;
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    // Whether the topic is in the catalogue, or was just put there.
    private async ValueTask<bool> ExistsAsync(TopicName name, TopicCreation creation)
    {
        if (name.IsPartition)
        {
            return await PartitionsAsync(name, TopicCreation.Never, CancellationToken.None) is not null;
        }

        return await PartitionsAsync(name, creation, CancellationToken.None) switch
        {
            null => false,
            0 => true,
            var partitions => throw new ProblemException(KnownProblems.InvalidRequest($"'{name}' has {partitions} partitions.", $"Ask for one of them, such as '{name.OfPartition(0)}'.")),
        };
    }

    private AutoCreation AutoCreationOf(TopicName whole, TopicCreation creation) => creation switch
    {
        TopicCreation.Never => new AutoCreation(false),
        TopicCreation.Always => new AutoCreation(true),
        _ => _services.Policies.Of(whole).AutoCreation!,
    };

    private async ValueTask<bool> IsRefusedAsync(TopicName topic, TopicCreation creation, CancellationToken cancellation) =>
        topic.IsPartition ? await PartitionsAsync(topic, TopicCreation.Never, cancellation) is null : !AutoCreationOf(topic, creation).IsAllowed;

    private ProblemException Translate(TopicName name, Exception failure) => failure switch
    {
        ProblemException known => known,
        LedgerCorruptedException => new ProblemException(KnownProblems.LedgersCorrupted($"'{name}': {failure.Message}", "Restore the ledgers from a copy, or delete the topic."), failure),
        MetadataConflictException or LedgerFencedException => new ProblemException(KnownProblems.TopicMoved($"'{name}' is being taken over by another node.", OwnerOf(name)), failure),
        LedgerStoreException => new ProblemException(KnownProblems.LedgersUnavailable($"'{name}': {failure.Message}"), failure),
        _ => new ProblemException(KnownProblems.Internal($"'{name}' cannot be opened: {failure.Message}"), failure),
    };
}
