using System.Runtime.InteropServices;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>An entry that a consumer has and did not acknowledge.</summary>
/// <param name="Messages">How many of its messages are not acknowledged.</param>
/// <param name="Slot">The slot of its key.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PendingEntry(int Messages, int Slot);
