using System.Runtime.InteropServices;
using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions;

/// <summary>What of an entry is acknowledged.</summary>
/// <param name="Position">The entry.</param>
/// <param name="Unacknowledged">One bit for each message of a batch that is not yet acknowledged, the first in the lowest; null for the whole entry.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BatchAck(Position Position, long[]? Unacknowledged = null);
