using System.Runtime.InteropServices;
using Virga.Topics.Names;

namespace Virga.Topics.Policies;

/// <summary>Whose policies: a namespace's or a topic's.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PolicyOwner
{
    /// <summary>What the keys of namespaces begin with.</summary>
    internal const string NamespacePrefix = "policies/namespace/";

    private readonly string? _key;

    private PolicyOwner(string key, TopicName? topic) => (_key, Topic) = (key, topic);

    /// <summary>The topic, as a whole; null for a namespace's.</summary>
    public TopicName? Topic { get; }

    /// <summary>Where they are in the metadata.</summary>
    internal string Key => _key ?? throw new InvalidOperationException("This owner of policies was never set.");

    /// <summary>A namespace's.</summary>
    public static PolicyOwner OfNamespace(string tenant, string ns) => new($"{NamespacePrefix}{TopicName.Own(tenant)}/{ns}", null);

    /// <summary>A topic's; a partition has those of its whole.</summary>
    public static PolicyOwner OfTopic(TopicName topic) => new($"policies/topic/{topic.Whole}", topic.Whole);

    /// <inheritdoc/>
    public override string ToString() => _key ?? "";
}
