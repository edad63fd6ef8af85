using System.Collections.Concurrent;
using System.Text.Json;
using Virga.Core.Problems;
using Virga.Topics.Metadata;
using Virga.Topics.Names;

namespace Virga.Topics.Policies;

/// <summary>The policies of namespaces and topics: stored as they were said, in effect as they add up. What was read of a namespace is kept until somebody says that it changed.</summary>
internal sealed class PolicyBook(ITopicMetadata metadata, TopicPolicies defaults)
{
    private readonly ConcurrentDictionary<string, PolicyVersion> _namespaces = new(StringComparer.Ordinal);

    /// <summary>What holds for a topic.</summary>
    public async ValueTask<TopicPolicies> OfAsync(TopicName topic, CancellationToken cancellation)
    {
        var own = await GetAsync(PolicyOwner.OfTopic(topic), cancellation);
        var space = await OfNamespaceAsync(topic.Tenant, topic.Namespace, cancellation);
        return own.Policies.Over(space).Over(defaults).Over(TopicPolicies.Defaults);
    }

    /// <summary>What a namespace says.</summary>
    public async ValueTask<TopicPolicies> OfNamespaceAsync(string tenant, string ns, CancellationToken cancellation)
    {
        var owner = PolicyOwner.OfNamespace(tenant, ns);
        if (!_namespaces.TryGetValue(owner.Key, out var known))
        {
            known = await GetAsync(owner, cancellation);
            _namespaces[owner.Key] = known;
        }

        return known.Policies;
    }

    /// <summary>What was said.</summary>
    public async ValueTask<PolicyVersion> GetAsync(PolicyOwner of, CancellationToken cancellation)
    {
        if (await metadata.GetAsync(of.Key, cancellation) is not { } stored)
        {
            return new PolicyVersion(TopicPolicies.None, 0);
        }

        try
        {
            return new PolicyVersion(JsonSerializer.Deserialize(stored.Bytes.Span, PolicyJson.Default.TopicPolicies) ?? TopicPolicies.None, stored.Version);
        }
        catch (JsonException e)
        {
            throw new ProblemException(KnownProblems.TopicsCorrupted($"'{of.Key}' holds no policies: {e.Message}", "Set the policies anew, or restore the metadata from a copy."), e);
        }
    }

    /// <summary>Says others.</summary>
    /// <exception cref="ProblemException"><c>stale-version</c>, <c>invalid-request</c>.</exception>
    public async ValueTask<long> SetAsync(PolicyOwner of, TopicPolicies policies, long? version, CancellationToken cancellation)
    {
        PolicyRules.Require(policies);
        try
        {
            var versions = await metadata.WriteAsync([new MetadataWrite(of.Key, JsonSerializer.SerializeToUtf8Bytes(policies, PolicyJson.Default.TopicPolicies), version)], cancellation);
            Forget();
            return versions[0];
        }
        catch (MetadataConflictException e)
        {
            throw new ProblemException(KnownProblems.StaleVersion($"The policies of '{of.Key["policies/".Length..]}' are not at version {version} any more."), e);
        }
    }

    /// <summary>They may have changed.</summary>
    public void Forget() => _namespaces.Clear();
}
