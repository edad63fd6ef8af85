using System.Text.Json.Nodes;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Administration;

/// <summary>Writes the arguments of operations.</summary>
internal static class OperationArguments
{
    private const string Earliest = "earliest";
    private const string Latest = "latest";

    public static JsonObject Of(SubscriptionName subscription) => new() { ["name"] = subscription.Value };

    /// <summary>A place in a topic: a time where there is one, else a message.</summary>
    public static JsonObject Place(SubscriptionName subscription, string member, MessageId id, DateTimeOffset? at)
    {
        var arguments = Of(subscription);
        if (at is { } time)
        {
            arguments["time"] = time.ToUnixTimeMilliseconds();
        }
        else
        {
            arguments[member] = id.Position == Position.Earliest ? Earliest : id.Position == Position.Latest ? Latest : id.ToString();
        }

        return arguments;
    }

    /// <summary>Reads a message's id, or one of the two ends.</summary>
    public static MessageId? ReadId(string? text) => text switch
    {
        Earliest => new MessageId(Position.Earliest),
        Latest => new MessageId(Position.Latest),
        _ => MessageId.TryParse(text, out var id) ? id : null,
    };
}
