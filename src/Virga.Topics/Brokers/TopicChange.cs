using System.Text;
using Virga.Core.Names;
using Virga.Topics.Names;

namespace Virga.Topics.Brokers;

/// <summary>What nodes tell each other of topics: the name of one that was made, grown or deleted, or that policies have changed.</summary>
internal static class TopicChange
{
    /// <summary>Policies have changed.</summary>
    public static ReadOnlyMemory<byte> Policies { get; } = "policies"u8.ToArray();

    public static ReadOnlyMemory<byte> Of(TopicName topic) => Encoding.UTF8.GetBytes(topic.ToString());

    public static bool IsPolicies(ReadOnlyMemory<byte> body) => body.Span.SequenceEqual(Policies.Span);

    public static bool TryRead(ReadOnlyMemory<byte> body, out TopicName topic) => TopicName.TryParse(Encoding.UTF8.GetString(body.Span), Scope.Default, out topic);
}
