using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Policies;

namespace Virga.Topics.Api;

/// <summary>Policies as JSON, and changes of them: members that a change has win, those that it has as null go.</summary>
internal static class PolicyDocument
{
    /// <summary>Those that are said.</summary>
    public static JsonObject Write(TopicPolicies policies) => (JsonObject)JsonSerializer.SerializeToNode(policies, PolicyJson.Default.TopicPolicies)!;

    /// <summary>The policies after a change.</summary>
    /// <exception cref="ProblemException"><c>invalid-request</c>: names a policy that there is not, or a value that it cannot have.</exception>
    public static TopicPolicies Change(TopicPolicies before, JsonObject change)
    {
        var document = Write(before);
        foreach (var (name, value) in change)
        {
            if (!PolicyJson.Default.TopicPolicies.Properties.Any(property => property.Name == name))
            {
                var known = string.Join(", ", PolicyJson.Default.TopicPolicies.Properties.Select(static property => property.Name));
                throw TopicRequest.Invalid($"There is no policy '{Core.Names.ResourceName.Shorten(name)}'.", $"The policies are {known}.");
            }

            document.Remove(name);
            if (value is not null)
            {
                document[name] = value.DeepClone();
            }
        }

        try
        {
            return document.Deserialize(PolicyJson.Default.TopicPolicies)!;
        }
        catch (JsonException e)
        {
            throw TopicRequest.Invalid($"A policy has a value that it cannot have: {e.Path}.", "See docs/topics.md for their forms.");
        }
    }
}
