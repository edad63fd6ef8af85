namespace Virga.Streams.Windows;

/// <summary>
/// The open windows of one lane: a fold over its messages, in their order, without a clock. What it does depends on the messages and the watermark alone, which is why a lane that starts
/// again from the messages that were not acknowledged comes to the same windows. Not for several threads.
/// </summary>
/// <typeparam name="T">The messages.</typeparam>
public abstract class Windowing<T>
    where T : class, IWindowed
{
    /// <summary>How many messages are in open windows.</summary>
    public int Held { get; protected set; }

    /// <summary>The time that every window must reach beyond to be open still: the watermark, in milliseconds since 1970.</summary>
    public long Watermark { get; private set; } = long.MinValue;

    /// <summary>Takes a message.</summary>
    /// <param name="message">The next one of the lane.</param>
    /// <param name="isReplayed">It was taken before a restart already and not acknowledged: it is in no window that has closed, so it is never late.</param>
    /// <returns>False when it is late: every window that it belongs to has closed. It is held nowhere.</returns>
    public abstract bool Add(T message, bool isReplayed);

    /// <summary>Takes the watermark on; it never goes back. Windows that end at or before it close.</summary>
    /// <returns>The closings, oldest first.</returns>
    public IReadOnlyList<WindowClosing<T>> Advance(long watermark)
    {
        if (watermark <= Watermark)
        {
            return [];
        }

        Watermark = watermark;
        return Close();
    }

    /// <summary>Sets the watermark of a lane that starts again, without closing anything: what was replayed may still join.</summary>
    public void Restore(long watermark) => Watermark = Math.Max(Watermark, watermark);

    /// <summary>Closes what is complete at the watermark as it stands.</summary>
    public abstract IReadOnlyList<WindowClosing<T>> Close();

    /// <summary>By time, then by place, so that a window shows the same order however its messages came.</summary>
    protected static int Compare(T left, T right) => left.Time != right.Time ? left.Time.CompareTo(right.Time) : left.Sequence.CompareTo(right.Sequence);
}
