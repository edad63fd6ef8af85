using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Streams;
using Virga.Streams.Lanes;
using Virga.Topics.Clients;
using Virga.Topics.Names;

namespace Virga.Streams;

/// <summary>Which topics a stream function may name.</summary>
public sealed class StreamTopicRules : IStreamRules
{
    /// <inheritdoc/>
    public void Check(StreamName name, StreamSpec spec)
    {
        StreamRules.Check(spec);
        var selection = spec.Pattern is { } pattern ? Matching(name, pattern) : null;
        var inputs = spec.Inputs.Select(input => Topic(name, input, "inputs")).ToList();
        if (spec.Output is { } output)
        {
            RequireNoLoop(Topic(name, output, "output"), "output", inputs, selection);
        }

        RequireNoLoop(
            Topic(name, spec.DeadLetter ?? DeadLetters.UsualTopic(name), "deadLetter"),
            spec.DeadLetter is null ? "deadLetter, which is not given," : "deadLetter",
            inputs,
            selection);
    }

    private static TopicSelection.Pattern Matching(StreamName name, string pattern)
    {
        TopicSelection.Pattern selection;
        try
        {
            selection = (TopicSelection.Pattern)TopicSelection.Matching(pattern, name.Scope);
        }
        catch (ProblemException e) when (e.Problem.Slug == "invalid-request")
        {
            throw new ProblemException(KnownProblems.InvalidSpec(e.Problem.Detail ?? e.Problem.Title, e.Problem.Fix), e);
        }

        RequireTenant(name, selection.Tenant, $"The pattern '{ResourceName.Shorten(pattern)}'");
        return selection;
    }

    private static TopicName Topic(StreamName name, string text, string member)
    {
        if (!TopicName.TryParse(text, name.Scope, out var topic))
        {
            throw Refuse($"'{ResourceName.Shorten(text)}' in {member} is no name of a topic.", $"Write {TopicName.Rule}.");
        }

        RequireTenant(name, topic.Tenant, $"The topic '{topic}' in {member}");
        return topic;
    }

    // What a stream publishes to its own input comes back to it, and is published again.
    private static void RequireNoLoop(TopicName target, string member, List<TopicName> inputs, TopicSelection.Pattern? selection)
    {
        if (inputs.Exists(input => input.Whole == target.Whole) || selection?.Matches(target) == true)
        {
            throw Refuse($"{member} means the topic '{target}', which the stream reads: it would call itself without end.", $"Name a topic in {member.Split(',')[0]} that is not among its inputs.");
        }
    }

    private static void RequireTenant(StreamName name, string tenant, string what)
    {
        if (tenant != name.Scope.Tenant.Value)
        {
            throw new ProblemException(KnownProblems.OutOfScope($"{what} is of the tenant '{ResourceName.Shorten(tenant)}', the stream of '{name.Scope.Tenant}'.", "Use topics of the stream's own tenant."));
        }
    }

    private static ProblemException Refuse(string detail, string fix) => new(KnownProblems.InvalidSpec(detail, fix));
}
