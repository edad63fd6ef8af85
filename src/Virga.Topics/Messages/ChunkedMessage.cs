namespace Virga.Topics.Messages;

/// <summary>A message that came in chunks.</summary>
/// <param name="Message">The message; its id is that of its last chunk.</param>
/// <param name="Chunks">Its entries, in order: each of them is to be acknowledged.</param>
public sealed record ChunkedMessage(TopicMessage Message, IReadOnlyList<Position> Chunks);
