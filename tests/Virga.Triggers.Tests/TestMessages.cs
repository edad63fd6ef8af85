using System.Text;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Triggers.Dispatching;

namespace Virga.Triggers.Tests;

/// <summary>Messages that no topic has seen.</summary>
internal static class TestMessages
{
    public static TopicMessage Message(int entry, string payload = "1", string? key = null, string topic = "orders", params KeyValuePair<string, string>[] properties) => new()
    {
        Topic = TopicName.Parse(topic),
        Id = new MessageId(new Position(7, entry)),
        Payload = Encoding.UTF8.GetBytes(payload),
        Key = key,
        Properties = properties,
        PublishedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_763_712_000_123),
    };

    public static HeldMessage Held(TopicMessage message, object? lane = null) => new() { Message = message, Lane = lane, ArrivedAt = 0 };
}
