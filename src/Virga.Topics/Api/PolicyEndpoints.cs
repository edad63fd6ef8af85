using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Policies;

namespace Virga.Topics.Api;

/// <summary><c>GET</c> and <c>PATCH /topics/{topic}/policies</c> and <c>/topic-policies</c>.</summary>
internal sealed class PolicyEndpoints(Func<TopicNode> node)
{
    private const int Attempts = 10;

    public async Task GetOfTopicAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        await SendAsync(http, PolicyOwner.OfTopic(topic), await node().Broker.EffectivePoliciesAsync(topic, http.RequestAborted));
    }

    public async Task SetOfTopicAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);

        // Policies of a topic that does not exist would wait for one of that name to be made.
        await node().Client.Administration.PartsAsync(topic, http.RequestAborted);
        await ChangeAsync(http, PolicyOwner.OfTopic(topic));
        await SendAsync(http, PolicyOwner.OfTopic(topic), await node().Broker.EffectivePoliciesAsync(topic, http.RequestAborted));
    }

    public Task GetOfNamespaceAsync(HttpContext http) => SendAsync(http, Namespace(http), null);

    public async Task SetOfNamespaceAsync(HttpContext http)
    {
        await ChangeAsync(http, Namespace(http));
        await SendAsync(http, Namespace(http), null);
    }

    private static PolicyOwner Namespace(HttpContext http)
    {
        var scope = TopicRequest.Scope(http);
        return PolicyOwner.OfNamespace(scope.Tenant.Value, scope.Namespace.Value);
    }

    private async ValueTask ChangeAsync(HttpContext http, PolicyOwner owner)
    {
        var change = await TopicBody.ReadObjectAsync(http);
        for (var attempt = 1; ; attempt++)
        {
            var before = await node().Broker.PoliciesAsync(owner, http.RequestAborted);
            try
            {
                await node().Broker.SetPoliciesAsync(owner, PolicyDocument.Change(before.Policies, change), before.Version, http.RequestAborted);
                return;
            }
            catch (ProblemException e) when (e.Problem.Slug == "stale-version" && attempt < Attempts)
            {
                // Somebody else has changed others: this change is made to what they are now.
            }
        }
    }

    private async Task SendAsync(HttpContext http, PolicyOwner owner, TopicPolicies? effective)
    {
        var stored = await node().Broker.PoliciesAsync(owner, http.RequestAborted);
        var document = new JsonObject { ["policies"] = PolicyDocument.Write(stored.Policies), ["version"] = stored.Version };
        document["effective"] = PolicyDocument.Write(effective ?? stored.Policies.Over(TopicPolicies.Defaults));
        await TopicAnswer.SendAsync(http, document);
    }
}
