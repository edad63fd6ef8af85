using System.Runtime.InteropServices;

namespace Virga.Topics.Messages;

/// <summary>An entry that belongs to no message any more.</summary>
/// <param name="Position">The entry.</param>
/// <param name="Loss">Why.</param>
/// <param name="PublishedAt">When it was published, in milliseconds since 1970.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct AbandonedChunk(Position Position, ChunkLoss Loss, long PublishedAt);
