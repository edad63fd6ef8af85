using System.Runtime.InteropServices;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Consuming;

/// <summary>An entry that is here and not yet taken apart.</summary>
/// <param name="Part">Where it came from.</param>
/// <param name="Attachment">Over which attachment; what came over an earlier one than the present comes again.</param>
/// <param name="Entry">What came.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct QueuedEntry(ConsumerPart Part, int Attachment, DeliveredEntry Entry);
