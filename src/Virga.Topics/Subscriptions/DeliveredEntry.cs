using System.Runtime.InteropServices;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Subscriptions;

/// <summary>One entry on its way to a consumer.</summary>
/// <param name="Position">Which.</param>
/// <param name="Data">Its bytes; the receiver may keep them.</param>
/// <param name="Messages">How many messages it holds, acknowledged ones of a batch included.</param>
/// <param name="Redeliveries">How often it was delivered before.</param>
/// <param name="Unacknowledged">For a batch of which some messages are acknowledged: one bit for each that is not, the first in the lowest; null for all.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DeliveredEntry(Position Position, ReadOnlyMemory<byte> Data, int Messages, int Redeliveries, long[]? Unacknowledged)
{
    /// <summary>How many permits it takes: one for each of its messages that is not acknowledged.</summary>
    public int Permits => Unacknowledged is { } bits ? BatchBits.Count(bits) : Messages;
}
