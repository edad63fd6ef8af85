using System.Globalization;
using System.Text.Json.Nodes;
using Virga.Cli.Apply;
using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli.Triggers;

/// <summary>Reads a trigger out of a YAML or JSON file. What cannot be is refused by the node; here only what cannot be read.</summary>
internal static class TriggerFile
{
    private static readonly string[] TopicKeys = ["topic", "topics", "pattern", "subscription", "type", "from"];
    private static readonly string[] Keys = [.. TopicKeys, "name", "source", "function", "batch", "concurrency", "retry", "deadLetter", "ackTimeout", "output"];

    /// <summary>Reads an entry; gives its name, if it has one, and its spec with every member, so that it can be compared with the node's.</summary>
    /// <exception cref="Failures.UsageException">There is a mistake; the message names its line.</exception>
    public static (ResourceName? Name, JsonObject Spec) Read(YamlMapping entry)
    {
        entry.AllowOnly(Keys);
        var spec = new TriggerSpec
        {
            Source = new TriggerSource { Topic = Source(entry) },
            Function = entry.RequiredText("function"),
            Batch = Batch(entry),
            Concurrency = entry.Count("concurrency", 1),
            Retry = entry.Mapping("retry") is { } retry ? Retry(retry) : new TriggerRetry(),
            DeadLetter = entry.Text("deadLetter"),
            AckTimeout = entry.Duration("ackTimeout"),
            Output = entry.Text("output"),
        };
        return (entry.Has("name") ? entry.Name("name") : null, TriggerText.ToJson(spec));
    }

    // The members of a topic source stand beside the others, or, as the node shows them, below `source.topic`.
    private static TopicSource Source(YamlMapping entry)
    {
        if (entry.Mapping("source") is not { } source)
        {
            return Topics(entry);
        }

        foreach (var key in TopicKeys)
        {
            entry.OnlyOne("source", key);
        }

        source.AllowOnly("topic");
        var topic = source.Mapping("topic") ?? throw source.Wrong("'topic' is missing.", "Say which topics the trigger consumes.");
        topic.AllowOnly(TopicKeys);
        return Topics(topic);
    }

    private static TopicSource Topics(YamlMapping entry)
    {
        entry.OnlyOne("topic", "topics");
        return new TopicSource
        {
            Topics = entry.Texts("topics") ?? entry.Texts("topic") ?? [],
            Pattern = entry.Text("pattern"),
            Subscription = entry.Text("subscription"),
            Type = entry.Value<TopicSharing>("type", TriggerText.Types, TriggerText.Type) ?? TopicSharing.Shared,
            From = entry.Value<TopicStart>("from", TriggerText.Starts, TriggerText.Start) ?? TopicStart.Latest,
        };
    }

    // A lone number is the number of messages.
    private static TriggerBatch Batch(YamlMapping entry)
    {
        var standard = new TriggerBatch();
        if (!entry.IsMapping("batch"))
        {
            return standard with { MaxMessages = entry.Count("batch", 1) ?? standard.MaxMessages };
        }

        var batch = entry.Mapping("batch")!;
        batch.AllowOnly("maxMessages", "maxBytes", "maxWait");
        return new TriggerBatch
        {
            MaxMessages = batch.Count("maxMessages", 1) ?? standard.MaxMessages,
            MaxBytes = batch.Size("maxBytes") ?? standard.MaxBytes,
            MaxWait = batch.Duration("maxWait") ?? standard.MaxWait,
        };
    }

    private static TriggerRetry Retry(YamlMapping entry)
    {
        var standard = new TriggerRetry();
        entry.AllowOnly("attempts", "backoff");
        return new TriggerRetry
        {
            Attempts = entry.Count("attempts", 1) ?? standard.Attempts,
            Backoff = entry.Mapping("backoff") is { } backoff ? Backoff(backoff) : standard.Backoff,
        };
    }

    private static TriggerBackoff Backoff(YamlMapping entry)
    {
        var standard = new TriggerBackoff();
        entry.AllowOnly("initial", "max", "factor");
        return new TriggerBackoff
        {
            Initial = entry.Duration("initial") ?? standard.Initial,
            Max = entry.Duration("max") ?? standard.Max,
            Factor = entry.Value<double>("factor", "a number from 1 on", Number) ?? standard.Factor,
        };
    }

    private static double? Number(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : null;
}
