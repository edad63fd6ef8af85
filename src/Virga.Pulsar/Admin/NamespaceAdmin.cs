using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Pulsar.Lookups;
using Virga.Pulsar.WebSockets;
using Virga.Topics.Api;
using Virga.Topics.Names;
using Virga.Topics.Policies;

namespace Virga.Pulsar.Admin;

/// <summary><c>/admin/v2/namespaces/…</c> and <c>/admin/v2/tenants</c>. Both are here as soon as something is in them: making one only makes it seen.</summary>
internal sealed class NamespaceAdmin(Func<TopicNode> node, string cluster)
{
    private const int Attempts = 10;
    private const string PulsarTenant = "public";

    public async Task TenantsAsync(HttpContext http)
    {
        var tenants = await node().Broker.TenantsAsync(http.RequestAborted);
        var names = tenants.Select(static tenant => tenant == ResourceName.Default.Value ? PulsarTenant : tenant).Append(PulsarTenant).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        await AdminAnswer.SendAsync(http, new JsonArray([.. names.Select(static name => (JsonNode)name)]));
    }

    public Task TenantAsync(HttpContext http) => AdminAnswer.SendAsync(http, new JsonObject { ["adminRoles"] = new JsonArray(), ["allowedClusters"] = new JsonArray(cluster) });

    public Task AcceptAsync(HttpContext http) => AdminAnswer.DoneAsync(http);

    public async Task ListAsync(HttpContext http)
    {
        var tenant = AdminRequest.Part(http, "tenant");
        var spaces = await node().Broker.NamespacesAsync(TopicName.Own(tenant), http.RequestAborted);
        var names = TopicName.Own(tenant) == ResourceName.Default.Value ? spaces.Append(ResourceName.Default.Value).Distinct(StringComparer.Ordinal) : spaces;
        await AdminAnswer.SendAsync(http, new JsonArray([.. names.Order(StringComparer.Ordinal).Select(name => (JsonNode)$"{tenant}/{name}")]));
    }

    public async Task CreateAsync(HttpContext http)
    {
        var owner = Owner(http);
        if ((await node().Broker.PoliciesAsync(owner, http.RequestAborted)).Version == 0)
        {
            await node().Broker.SetPoliciesAsync(owner, TopicPolicies.None, 0, http.RequestAborted);
            await AdminAnswer.DoneAsync(http);
            return;
        }

        throw new ProblemException(KnownProblems.Conflict($"The namespace {AdminRequest.Part(http, "tenant")}/{AdminRequest.Part(http, "ns")} exists.", "Use it as it is."));
    }

    public async Task DeleteAsync(HttpContext http)
    {
        var page = await node().Broker.ListAsync(TopicName.Own(AdminRequest.Part(http, "tenant")), AdminRequest.Part(http, "ns"), null, 1, http.RequestAborted);
        if (page.Topics.Count > 0)
        {
            throw new ProblemException(KnownProblems.Conflict("The namespace has topics.", "Delete them first."));
        }

        await node().Broker.RemovePoliciesAsync(Owner(http), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task PoliciesAsync(HttpContext http)
    {
        var policies = (await node().Broker.PoliciesAsync(Owner(http), http.RequestAborted)).Policies;
        var document = new JsonObject { ["replication_clusters"] = new JsonArray([.. (policies.ReplicationClusters ?? [cluster]).Select(static name => (JsonNode)name)]), ["bundles"] = new JsonObject { ["numBundles"] = 1 } };
        foreach (var (shown, name) in (ReadOnlySpan<(string, string)>)[("retention_policies", "retention"), ("message_ttl_in_seconds", "messageTTL"), ("backlog_quota_map", "backlogQuotaMap"), ("deduplicationEnabled", "deduplication")])
        {
            document[shown] = PolicyNames.Find(name)!.Read(policies);
        }

        await AdminAnswer.SendAsync(http, document);
    }

    public async Task TopicsAsync(HttpContext http)
    {
        var tenant = AdminRequest.Part(http, "tenant");
        var names = new JsonArray();
        string? after = null;
        do
        {
            var page = await node().Broker.ListAsync(TopicName.Own(tenant), AdminRequest.Part(http, "ns"), after, 1000, http.RequestAborted);
            after = page.Next;
            foreach (var topic in page.Topics)
            {
                if (topic.Partitions == 0)
                {
                    names.Add(ClientNames.For(tenant, topic.Name));
                }

                for (var i = 0; i < topic.Partitions; i++)
                {
                    names.Add(ClientNames.For(tenant, topic.Name.OfPartition(i)));
                }
            }
        }
        while (after is not null);
        await AdminAnswer.SendAsync(http, names);
    }

    public Task GetPolicyAsync(HttpContext http) => GetAsync(http, Owner(http));

    public Task SetPolicyAsync(HttpContext http) => SetAsync(http, Owner(http), removes: false);

    public Task RemovePolicyAsync(HttpContext http) => SetAsync(http, Owner(http), removes: true);

    public Task GetPolicyOfTopicAsync(HttpContext http) => GetAsync(http, PolicyOwner.OfTopic(SocketRequest.Topic(http)));

    public Task SetPolicyOfTopicAsync(HttpContext http) => SetAsync(http, PolicyOwner.OfTopic(SocketRequest.Topic(http)), removes: false);

    public Task RemovePolicyOfTopicAsync(HttpContext http) => SetAsync(http, PolicyOwner.OfTopic(SocketRequest.Topic(http)), removes: true);

    private static PolicyOwner Owner(HttpContext http)
    {
        var (tenant, space) = (AdminRequest.Part(http, "tenant"), AdminRequest.Part(http, "ns"));
        return ClientNames.TryReadNamespace($"{tenant}/{space}", out _, out _)
            ? PolicyOwner.OfNamespace(tenant, space)
            : throw new ProblemException(KnownProblems.InvalidName($"'{ResourceName.Shorten($"{tenant}/{space}")}' is no valid name of a namespace."));
    }

    private static PolicyForm Form(HttpContext http) => PolicyNames.Find(AdminRequest.Part(http, "policy"))
        ?? throw new ProblemException(KnownProblems.NotFound($"There is no policy '{ResourceName.Shorten(AdminRequest.Part(http, "policy"))}' here.", "docs/pulsar.md says which there are."));

    private async Task GetAsync(HttpContext http, PolicyOwner owner)
    {
        var form = Form(http);
        if (form.Read((await node().Broker.PoliciesAsync(owner, http.RequestAborted)).Policies) is { } value)
        {
            await AdminAnswer.SendAsync(http, value);
        }
        else
        {
            await AdminAnswer.DoneAsync(http);
        }
    }

    private async Task SetAsync(HttpContext http, PolicyOwner owner, bool removes)
    {
        var change = Form(http).Change ?? throw AdminRequest.Invalid($"'{AdminRequest.Part(http, "policy")}' cannot be set by this name.");
        var body = removes ? null : await AdminRequest.BodyAsync(http) ?? throw AdminRequest.Invalid("There is no body.");
        for (var attempt = 1; ; attempt++)
        {
            var before = await node().Broker.PoliciesAsync(owner, http.RequestAborted);
            try
            {
                TopicPolicies after;
                try
                {
                    after = change(before.Policies, body);
                }
                catch (InvalidOperationException e)
                {
                    throw new ProblemException(AdminRequest.Invalid($"The body is not what the policy is: {e.Message}").Problem, e);
                }

                await node().Broker.SetPoliciesAsync(owner, after, before.Version, http.RequestAborted);
                await AdminAnswer.DoneAsync(http);
                return;
            }
            catch (ProblemException e) when (e.Problem.Slug == "stale-version" && attempt < Attempts)
            {
                // Somebody else has changed another: this change is made to what they are now.
            }
        }
    }
}
