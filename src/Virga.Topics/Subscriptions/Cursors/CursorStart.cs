using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>Where a subscription begins.</summary>
/// <param name="MarkDeleted">Behind this entry.</param>
/// <param name="Partial">A batch of which only some messages are to be delivered, where there are <paramref name="Remaining"/>.</param>
/// <param name="Remaining">Which ones.</param>
internal readonly record struct CursorStart(Position MarkDeleted, Position Partial = default, long[]? Remaining = null)
{
    public void Apply(Cursor cursor) => cursor.Reset(MarkDeleted, Partial, Remaining);
}
