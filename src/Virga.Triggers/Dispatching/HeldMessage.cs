using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Triggers.Dispatching;

/// <summary>A message that is received and not yet dealt with.</summary>
internal sealed class HeldMessage
{
    /// <summary>The message.</summary>
    public required TopicMessage Message { get; init; }

    /// <summary>Messages of one lane are handled one after the other, in the order in which they came; null for one that has no order.</summary>
    public required object? Lane { get; init; }

    /// <summary>When it came, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public required long ArrivedAt { get; init; }

    /// <summary>Not to be handled before, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long DueAt { get; set; }

    /// <summary>How often the function has failed at it.</summary>
    public int Failures { get; set; }

    /// <summary>Why, the last time.</summary>
    public Problem? Cause { get; set; }

    /// <summary>Whether it is called with by itself, because a call with several of which it was one has failed as a whole.</summary>
    public bool IsAlone { get; set; }

    /// <summary>Bytes of its payload; at least one, so that empty messages count.</summary>
    public int Size => Math.Max(1, Message.Payload.Length);
}
