using System.Runtime.InteropServices;
using Virga.State.Time;

namespace Virga.State.Index;

/// <summary>What begins each message about keys.</summary>
/// <param name="Operation">What it is about.</param>
/// <param name="Clock">The sender's clock.</param>
/// <param name="Number">Which message of the sender; 0 where that does not matter.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IndexMessageHead(IndexOperation Operation, HybridTimestamp Clock, long Number);
