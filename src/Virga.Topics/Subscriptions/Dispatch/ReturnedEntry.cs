using System.Runtime.InteropServices;
using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>An entry that is to be delivered again.</summary>
/// <param name="Position">Which.</param>
/// <param name="Slot">The slot of its key.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ReturnedEntry(Position Position, int Slot);
