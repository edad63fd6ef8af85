using System.Globalization;
using System.Text.Json;
using Virga.Core.Problems;
using Virga.Topics.Logs;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;

namespace Virga.Topics.Brokers;

/// <summary>Which topics there are: their records in the metadata. Any node of a cluster may change it.</summary>
internal sealed class TopicCatalogue(ITopicMetadata metadata, TimeProvider time)
{
    private const int PageSize = 1000;

    // Behind every name that begins with what it is added to.
    private const string Beyond = "\U0010FFFF";

    private static readonly TopicDomain[] Domains = [TopicDomain.NonPersistent, TopicDomain.Persistent];

    /// <summary>A topic's record and its version; null when there is none.</summary>
    public async ValueTask<(TopicRecord Record, long Version)?> FindAsync(TopicName topic, CancellationToken cancellation)
    {
        if (await metadata.GetAsync(TopicRecord.KeyOf(topic), cancellation) is not { } stored)
        {
            return null;
        }

        return (Read(topic, stored), stored.Version);
    }

    /// <summary>Makes a topic, or a partitioned one as a whole.</summary>
    /// <param name="topic">Which.</param>
    /// <param name="partitions">How many partitions it has; 0 for none.</param>
    /// <param name="isAutomatic">Whether it is made because somebody uses it, not because somebody asks for it.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <returns>False when it exists.</returns>
    public async ValueTask<bool> TryCreateAsync(TopicName topic, int partitions, bool isAutomatic, CancellationToken cancellation)
    {
        RequirePartitions(partitions);
        try
        {
            var record = new TopicRecord { Partitions = partitions, IsAutomatic = isAutomatic, CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds() };
            await metadata.WriteAsync([new MetadataWrite(TopicRecord.KeyOf(topic), record.Write(), 0)], cancellation);
            return true;
        }
        catch (MetadataConflictException)
        {
            return false;
        }
    }

    /// <summary>Gives a partitioned topic more partitions.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>conflict</c>, <c>invalid-request</c>.</exception>
    public async ValueTask GrowAsync(TopicName whole, int partitions, CancellationToken cancellation)
    {
        RequirePartitions(partitions);
        while (true)
        {
            var (record, version) = await FindAsync(whole, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no topic '{whole}'.", "See `virga topic list`."));
            if (record.Partitions == 0)
            {
                throw new ProblemException(KnownProblems.Conflict($"'{whole}' has no partitions, and cannot get any.", "Make a new topic with partitions and publish to that."));
            }

            if (partitions < record.Partitions)
            {
                throw new ProblemException(KnownProblems.Conflict($"'{whole}' has {record.Partitions} partitions; it cannot shrink to {partitions}.", "Name a greater number: keys would change their partition, and messages would be lost."));
            }

            if (partitions == record.Partitions)
            {
                return;
            }

            try
            {
                await metadata.WriteAsync([new MetadataWrite(TopicRecord.KeyOf(whole), (record with { Partitions = partitions }).Write(), version)], cancellation);
                return;
            }
            catch (MetadataConflictException)
            {
                // Somebody else changes it: once more on what it is now.
            }
        }
    }

    /// <summary>Topics of a namespace, as wholes.</summary>
    public async ValueTask<TopicListing> ListAsync(string tenant, string ns, string? after, int limit, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var found = new List<ListedTopic>();
        foreach (var domain in Domains)
        {
            var prefix = Prefix(domain, TopicName.Own(tenant), ns);
            var last = after is not null && string.CompareOrdinal(TopicRecord.TopicPrefix + after, prefix) > 0 ? TopicRecord.TopicPrefix + after : null;
            if (last is not null && !last.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            while (found.Count <= limit)
            {
                var page = await metadata.ListAsync(prefix, last, Math.Min(PageSize, limit + 1 - found.Count), cancellation);
                foreach (var (key, stored) in page)
                {
                    if (TopicName.TryParse(key[TopicRecord.TopicPrefix.Length..], Core.Names.Scope.Default, out var name))
                    {
                        found.Add(new ListedTopic(name, Read(name, stored).Partitions));
                    }

                    last = key;
                }

                if (page.Count == 0)
                {
                    break;
                }
            }
        }

        if (found.Count <= limit)
        {
            return new TopicListing(found, null);
        }

        found.RemoveRange(limit, found.Count - limit);
        return new TopicListing(found, found[^1].Name.ToString());
    }

    /// <summary>The tenants that have topics or policies, in ordinal order.</summary>
    public async ValueTask<IReadOnlyList<string>> TenantsAsync(CancellationToken cancellation)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var domain in Domains)
        {
            await CollectAsync(Prefix(domain), names, cancellation);
        }

        await CollectAsync(PolicyOwner.NamespacePrefix, names, cancellation);
        return [.. names];
    }

    /// <summary>The namespaces of a tenant that have topics or policies, in ordinal order.</summary>
    public async ValueTask<IReadOnlyList<string>> NamespacesAsync(string tenant, CancellationToken cancellation)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var domain in Domains)
        {
            await CollectAsync($"{Prefix(domain)}{TopicName.Own(tenant)}/", names, cancellation);
        }

        await CollectAsync($"{PolicyOwner.NamespacePrefix}{TopicName.Own(tenant)}/", names, cancellation);
        return [.. names];
    }

    /// <summary>Every record behind a key, of topics and partitions, for who looks at all of them. None is left out: who looks for what no record names must see also one whose name is no topic's any more.</summary>
    public async ValueTask<IReadOnlyList<(TopicName? Name, TopicRecord Record, string Key)>> SweepAsync(string prefix, string? after, int limit, CancellationToken cancellation)
    {
        var found = new List<(TopicName?, TopicRecord, string)>();
        foreach (var (key, stored) in await metadata.ListAsync(prefix, after, limit, cancellation))
        {
            TopicName? name = TopicName.TryParse(key[prefix.Length..], Core.Names.Scope.Default, out var parsed) ? parsed : null;
            found.Add((name, Read(parsed, stored), key));
        }

        return found;
    }

    /// <summary>The record as it is read.</summary>
    /// <exception cref="ProblemException"><c>topics-corrupted</c>.</exception>
    public static TopicRecord Read(TopicName topic, in MetadataValue stored)
    {
        try
        {
            return TopicRecord.Read(stored.Bytes);
        }
        catch (JsonException e)
        {
            throw new ProblemException(KnownProblems.TopicsCorrupted($"The record of '{topic}' cannot be read: {e.Message}", "Restore the topics' metadata from a copy."), e);
        }
    }

    private static void RequirePartitions(int partitions)
    {
        if (partitions is < 0 or > PolicyRules.MostPartitions)
        {
            throw new ProblemException(KnownProblems.InvalidRequest(string.Create(CultureInfo.InvariantCulture, $"A topic has 0 to {PolicyRules.MostPartitions} partitions, not {partitions}.")));
        }
    }

    private static string Prefix(TopicDomain domain) => TopicRecord.TopicPrefix + (domain == TopicDomain.Persistent ? "persistent://" : "non-persistent://");

    private static string Prefix(TopicDomain domain, string tenant, string ns) => $"{Prefix(domain)}{tenant}/{ns}/";

    // The next part of the keys behind a prefix, each once: by jumping behind all keys that have it.
    private async ValueTask CollectAsync(string prefix, SortedSet<string> names, CancellationToken cancellation)
    {
        string? after = null;
        while (true)
        {
            var page = await metadata.ListAsync(prefix, after, 1, cancellation);
            if (page.Count == 0)
            {
                return;
            }

            var rest = page[0].Key.AsSpan(prefix.Length);
            var end = rest.IndexOf('/');
            var name = (end < 0 ? rest : rest[..end]).ToString();
            names.Add(name);
            after = end < 0 ? page[0].Key : $"{prefix}{name}/{Beyond}";
        }
    }
}
