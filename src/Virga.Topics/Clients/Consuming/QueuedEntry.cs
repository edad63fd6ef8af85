using System.Numerics;
using System.Runtime.InteropServices;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Consuming;

/// <summary>An entry that is here and not yet taken apart.</summary>
/// <param name="Part">Where it came from.</param>
/// <param name="Attachment">Over which attachment; what came over an earlier one than the present comes again.</param>
/// <param name="Entry">What came.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct QueuedEntry(ConsumerPart Part, int Attachment, DeliveredEntry Entry)
{
    /// <summary>How many permits it took: one for each of its messages that is not acknowledged.</summary>
    public int Permits
    {
        get
        {
            if (Entry.Unacknowledged is not { } bits)
            {
                return Entry.Messages;
            }

            var count = 0;
            foreach (var word in bits)
            {
                count += BitOperations.PopCount((ulong)word);
            }

            return count;
        }
    }
}
