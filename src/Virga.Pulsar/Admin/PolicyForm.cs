using System.Text.Json.Nodes;
using Virga.Topics.Policies;

namespace Virga.Pulsar.Admin;

/// <summary>One policy as the admin API has it.</summary>
/// <param name="Read">Its form; null where it is not said.</param>
/// <param name="Change">The policies with it set; null as the body takes it away. Null where it cannot be set by this name.</param>
internal sealed record PolicyForm(Func<TopicPolicies, JsonNode?> Read, Func<TopicPolicies, JsonNode?, TopicPolicies>? Change);
