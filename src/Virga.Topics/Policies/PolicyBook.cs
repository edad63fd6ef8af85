using System.Text.Json;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Metadata;
using Virga.Topics.Names;

namespace Virga.Topics.Policies;

/// <summary>
/// The policies of namespaces and topics: stored as they were said, in effect as they add up. All are in memory, since few topics have their own and every topic asks; they are read anew when somebody says that
/// they changed, and every so often in case nobody could.
/// </summary>
internal sealed partial class PolicyBook(ITopicMetadata metadata, TopicPolicies defaults, ILogger logger) : IDisposable
{
    private const string Prefix = "policies/";
    private const int PageSize = 1000;

    private readonly TopicPolicies _defaults = defaults.Over(TopicPolicies.Defaults);

    // Whoever reads them anew has it, so that what was read later is what stays.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Dictionary<string, TopicPolicies> _known = new(StringComparer.Ordinal);
    private string _replication = "";

    /// <summary>What they say of replication, as a text that is another one whenever they say something else; empty for nothing.</summary>
    public string Replication => Volatile.Read(ref _replication);

    /// <summary>What holds for a topic.</summary>
    public TopicPolicies Of(TopicName topic)
    {
        var known = Volatile.Read(ref _known);
        if (known.Count == 0)
        {
            return _defaults;
        }

        var effective = _defaults;
        if (known.TryGetValue(PolicyOwner.OfNamespace(topic.Tenant, topic.Namespace).Key, out var space))
        {
            effective = space.Over(effective);
        }

        return known.TryGetValue(PolicyOwner.OfTopic(topic).Key, out var own) ? own.Over(effective) : effective;
    }

    /// <summary>Reads all that were said.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var read = new Dictionary<string, TopicPolicies>(StringComparer.Ordinal);
            string? after = null;
            while (true)
            {
                var page = await metadata.ListAsync(Prefix, after, PageSize, cancellation);
                foreach (var (key, stored) in page)
                {
                    after = key;
                    try
                    {
                        read[key] = Read(key, stored);
                    }
                    catch (ProblemException e)
                    {
                        // The others are not to suffer.
                        LogUnreadable(logger, e, key);
                    }
                }

                if (page.Count < PageSize)
                {
                    break;
                }
            }

            Volatile.Write(ref _known, read);
            var replicating = read.Where(static pair => pair.Value.ReplicationClusters is { Count: > 0 }).OrderBy(static pair => pair.Key, StringComparer.Ordinal);
            Volatile.Write(ref _replication, string.Join('\n', replicating.Select(static pair => $"{pair.Key}={string.Join(',', pair.Value.ReplicationClusters!)}").Prepend(string.Join(',', _defaults.ReplicationClusters!))));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What was said.</summary>
    /// <exception cref="ProblemException"><c>topics-corrupted</c>.</exception>
    public async ValueTask<PolicyVersion> GetAsync(PolicyOwner of, CancellationToken cancellation) =>
        await metadata.GetAsync(of.Key, cancellation) is { } stored ? new PolicyVersion(Read(of.Key, stored), stored.Version) : new PolicyVersion(TopicPolicies.None, 0);

    /// <summary>Says others.</summary>
    /// <exception cref="ProblemException"><c>stale-version</c>, <c>invalid-request</c>.</exception>
    public async ValueTask<long> SetAsync(PolicyOwner of, TopicPolicies policies, long? version, CancellationToken cancellation)
    {
        PolicyRules.Require(policies);
        try
        {
            var versions = await metadata.WriteAsync([new MetadataWrite(of.Key, JsonSerializer.SerializeToUtf8Bytes(policies, PolicyJson.Default.TopicPolicies), version)], cancellation);
            await RefreshAsync(cancellation);
            return versions[0];
        }
        catch (MetadataConflictException e)
        {
            throw new ProblemException(KnownProblems.StaleVersion($"The policies of '{of.Key[Prefix.Length..]}' are not at version {version} any more."), e);
        }
    }

    /// <summary>As if none had ever been said.</summary>
    public async ValueTask RemoveAsync(PolicyOwner of, CancellationToken cancellation)
    {
        await metadata.WriteAsync([new MetadataWrite(of.Key, null, null)], cancellation);
        await RefreshAsync(cancellation);
    }

    public void Dispose() => _turn.Dispose();

    private static TopicPolicies Read(string key, in MetadataValue stored)
    {
        try
        {
            return JsonSerializer.Deserialize(stored.Bytes.Span, PolicyJson.Default.TopicPolicies) ?? TopicPolicies.None;
        }
        catch (JsonException e)
        {
            throw new ProblemException(KnownProblems.TopicsCorrupted($"'{key}' holds no policies: {e.Message}", "Set the policies anew, or restore the metadata from a copy."), e);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The policies under {Key} cannot be read; those of others hold.")]
    private static partial void LogUnreadable(ILogger logger, Exception failure, string key);
}
