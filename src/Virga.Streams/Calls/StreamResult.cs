using Virga.Topics.Messages;

namespace Virga.Streams.Calls;

/// <summary>A message that a function answered with.</summary>
/// <param name="Payload">What it carries.</param>
/// <param name="Key">Its key; null for that of what the function was called with.</param>
/// <param name="Properties">Its properties.</param>
/// <param name="EventAt">When what it tells of happened; null for unknown.</param>
internal sealed record StreamResult(ReadOnlyMemory<byte> Payload, string? Key, IReadOnlyList<KeyValuePair<string, string>> Properties, DateTimeOffset? EventAt)
{
    /// <summary>The message to be published.</summary>
    /// <param name="key">The key of what the function was called with.</param>
    /// <param name="sequence">Its number; null where the output topic need not know it again.</param>
    public OutgoingMessage Outgoing(string? key, long? sequence) =>
        new() { Payload = Payload, Key = Key ?? key, Properties = Properties, EventAt = EventAt, SequenceId = sequence };
}
