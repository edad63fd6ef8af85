using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Topics.Clients;
using Virga.Topics.Names;
using Virga.Triggers.Letters;

namespace Virga.Triggers.Rules;

/// <summary>What a trigger's spec may say.</summary>
public sealed class TriggerRules : ITriggerRules
{
    /// <summary>The greatest number of topics that a trigger names.</summary>
    public const int MaxTopics = 100;

    /// <summary>The greatest number of messages of one call.</summary>
    public const int MaxMessages = 10_000;

    private const int MaxConcurrency = 1000;
    private const int MaxAttempts = 1000;
    private const double MaxFactor = 100;
    private static readonly ByteSize MaxBytes = ByteSize.FromMegabytes(16);
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromHours(24);

    /// <inheritdoc/>
    public void Check(TriggerName name, TriggerSpec spec)
    {
        if (!FunctionReference.TryParse(spec.Function, out _))
        {
            throw Refuse($"'{ResourceName.Shorten(spec.Function)}' names no function.", $"Write {FunctionReference.Rule}.");
        }

        var source = spec.Source.Topic ?? throw Refuse("The trigger has no source: it is not said what it waits for.", "Give it `source.topic`.");
        var topics = Topics(name, source);
        if (!Enum.IsDefined(source.Type) || !Enum.IsDefined(source.From))
        {
            throw Refuse("type or from has a value that does not exist.");
        }

        if (source.Subscription is { } subscription && !SubscriptionName.TryParse(subscription, out _))
        {
            throw Refuse($"'{ResourceName.Shorten(subscription)}' is no valid name of a subscription.", $"Use 1 to {SubscriptionName.MaxLength} characters without control characters.");
        }

        CheckNumbers(spec);
        CheckTarget(name, spec.Output, "output", topics);
        CheckTarget(name, spec.DeadLetter == TriggerSpec.DropDeadLetters ? null : spec.DeadLetter, "deadLetter", topics);
        if (spec.DeadLetter is null)
        {
            CheckUsualDeadLetters(source.Subscription ?? name.Name.Value, topics);
        }
    }

    private static List<TopicName> Topics(TriggerName name, TopicSource source)
    {
        if (source.Pattern is null == (source.Topics.Count == 0))
        {
            throw Refuse(source.Pattern is null ? "The trigger names no topic." : "The trigger has topics and a pattern.", "Give either names of topics or a pattern.");
        }

        if (source.Pattern is { } pattern)
        {
            CheckPattern(name, pattern);
            return [];
        }

        if (source.Topics.Count > MaxTopics)
        {
            throw Refuse($"The trigger names {source.Topics.Count} topics; {MaxTopics} are allowed.", "Use a pattern, or several triggers.");
        }

        var topics = new List<TopicName>();
        foreach (var text in source.Topics)
        {
            var topic = Topic(name, text, "a topic");
            if (topics.Contains(topic))
            {
                throw Refuse($"The topic '{topic}' stands twice.", "Name it once.");
            }

            topics.Add(topic);
        }

        return topics;
    }

    private static void CheckPattern(TriggerName name, string pattern)
    {
        try
        {
            if (TopicSelection.Matching(pattern, name.Scope) is TopicSelection.Pattern selection)
            {
                RequireTenant(name, selection.Tenant, $"The pattern '{ResourceName.Shorten(pattern)}'");
            }
        }
        catch (ProblemException e) when (e.Problem.Slug == "invalid-request")
        {
            throw new ProblemException(KnownProblems.InvalidSpec(e.Problem.Detail ?? e.Problem.Title, e.Problem.Fix), e);
        }
    }

    private static void CheckTarget(TriggerName name, string? text, string member, List<TopicName> topics)
    {
        if (text is null)
        {
            return;
        }

        if (topics.Contains(Topic(name, text, member).Whole))
        {
            throw Refuse($"{member} names the topic '{text}', which the trigger consumes: it would call itself without end.", "Name another topic.");
        }
    }

    private static void CheckUsualDeadLetters(string subscription, List<TopicName> topics)
    {
        try
        {
            // Of a pattern no topic is known yet: there the subscription must not spoil the name.
            foreach (var topic in topics.Count == 0 ? [TopicName.Parse("any")] : topics)
            {
                DeadLetter.TopicOf(topic.Whole, SubscriptionName.Parse(subscription));
            }
        }
        catch (FormatException e)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"Dead letters would go to TOPIC-{ResourceName.Shorten(subscription)}-DLQ, which is no name of a topic.", "Name a topic in deadLetter, or say none."), e);
        }
    }

    private static TopicName Topic(TriggerName name, string text, string what)
    {
        if (!TopicName.TryParse(text, name.Scope, out var topic))
        {
            throw Refuse($"'{ResourceName.Shorten(text)}', {what}, is no name of a topic.", $"Write {TopicName.Rule}.");
        }

        RequireTenant(name, topic.Tenant, $"The topic '{topic}'");
        return topic;
    }

    private static void RequireTenant(TriggerName name, string tenant, string what)
    {
        if (tenant != name.Scope.Tenant.Value)
        {
            throw new ProblemException(KnownProblems.OutOfScope($"{what} is of the tenant '{ResourceName.Shorten(tenant)}', the trigger of '{name.Scope.Tenant}'.", "Use topics of the trigger's own tenant."));
        }
    }

    private static void CheckNumbers(TriggerSpec spec)
    {
        Within(spec.Batch.MaxMessages, 1, MaxMessages, "batch.maxMessages");
        Within(spec.Batch.MaxBytes.Bytes, 1, MaxBytes.Bytes, "batch.maxBytes");
        Within(spec.Retry.Attempts, 1, MaxAttempts, "retry.attempts");
        if (spec.Concurrency is { } concurrency)
        {
            Within(concurrency, 1, MaxConcurrency, "concurrency");
        }

        if (spec.Batch.MaxWait.Span > MaxWait)
        {
            throw Refuse($"batch.maxWait is {spec.Batch.MaxWait}; it must be at most {new Duration(MaxWait)}.");
        }

        var backoff = spec.Retry.Backoff;
        if (backoff.Max.Span > MaxBackoff || backoff.Initial.Span > backoff.Max.Span)
        {
            throw Refuse($"retry.backoff goes from {backoff.Initial} to {backoff.Max}; initial must not be above max, and max not above {new Duration(MaxBackoff)}.");
        }

        if (!(backoff.Factor is >= 1 and <= MaxFactor))
        {
            throw Refuse($"retry.backoff.factor is {backoff.Factor}; it must be from 1 to {MaxFactor}.");
        }

        if (spec.AckTimeout is { } timeout && (timeout.Span <= TimeSpan.Zero || timeout.Span > MaxBackoff))
        {
            throw Refuse($"ackTimeout is {timeout}; it must be above 0 and at most {new Duration(MaxBackoff)}.");
        }
    }

    private static void Within(long number, long least, long most, string what)
    {
        if (number < least || number > most)
        {
            throw Refuse($"{what} is {number}; it must be from {least} to {most}.");
        }
    }

    private static ProblemException Refuse(string detail, string? fix = null) => new(KnownProblems.InvalidSpec(detail, fix));
}
